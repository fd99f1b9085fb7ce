import { typeormMigrations } from './typeorm-migrations.mjs';

const packageJson = { private: true, type: 'commonjs' };

/** How a Nest app that is CommonJS compiles. */
export const tsconfig = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    rootDir: '.',
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    strict: true,
    strictPropertyInitialization: false,
    skipLibCheck: true,
    types: [],
  },
  include: ['data-source.ts', 'migrations', 'entities'],
};

/** A project of TypeORM's own command. */
export function typeormProject(migrations, language = 'js') {
  const make = (ending) =>
    `new DataSource({ type: 'postgres', url: process.env${ending}, entities: [__dirname + '/entities/*.${language}'], migrations: [__dirname + '/migrations/*.${language}'] })`;
  return {
    'package.json': packageJson,
    ...(language === 'ts' && {
      'tsconfig.json': tsconfig,
      'data-source.ts': `import { DataSource } from 'typeorm';\n\ndeclare const process: { env: Record<string, string> };\ndeclare const __dirname: string;\n\nexport default ${make(`['DATABASE_URL']`)};\n`,
    }),
    ...(language === 'js' && {
      'data-source.js': `const { DataSource } = require('typeorm');\n\nexports.default = ${make('.DATABASE_URL')};\n`,
    }),
    ...typeormMigrations(migrations, language),
  };
}

/** The same as a project of nest-migrate. */
export function nestMigrateProject(migrations, language = 'js') {
  const make = `defineDataSource({ baseDir: __dirname, entities: ['entities/*.${language}'], migrations: ['migrations/*.${language}'] })`;
  return {
    'package.json': packageJson,
    ...(language === 'ts' && {
      'tsconfig.json': tsconfig,
      'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';\n\ndeclare const __dirname: string;\n\nexport default ${make};\n`,
    }),
    ...(language === 'js' && {
      'data-source.js': `const { defineDataSource } = require('nest-migrate/data-source');\n\nexports.default = ${make};\n`,
    }),
    ...typeormMigrations(migrations, language),
  };
}
