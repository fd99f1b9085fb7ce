export { loadModule, parseSync } from 'libpg-query';
