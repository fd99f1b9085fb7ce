export * from 'libpg-query';
