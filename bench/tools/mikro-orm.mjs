import { join } from 'node:path';
import { stampOf } from '../corpus/create-tables.mjs';
import { quoted } from '../corpus/files.mjs';
import { node } from '../measure/process.mjs';
import { binOf, ofBench, work } from '../paths.mjs';

export const mikroOrmCommand = (...args) => node(binOf(ofBench('@mikro-orm/cli'), 'mikro-orm'), ...args);
const add = (statements) => statements.map((sql) => `    this.addSql(${quoted(sql)});`).join('\n');

export const mikroOrmConfig = (entities) => `const { PostgreSqlDriver } = require('@mikro-orm/postgresql');
const { Migrator } = require('@mikro-orm/migrations');

module.exports = {
  driver: PostgreSqlDriver,
  clientUrl: process.env.DATABASE_URL,
  entities: ${entities},
  discovery: { warnWhenNoEntities: false },
  extensions: [Migrator],
  migrations: { path: 'migrations', snapshotName: '.snapshot', emit: 'js' },
};
`;

/** Its command refuses to work where it is not among the dependencies. */
export const mikroOrmPackage = { private: true, type: 'commonjs', dependencies: { '@mikro-orm/cli': '*' } };

export const mikroOrm = {
  name: 'MikroORM',
  // Otherwise it loads ts-node where one is installed, and typescript with it.
  env: { MIKRO_ORM_CLI_USE_TS_NODE: '0' },
  transaction: 'one for all, no lock',
  home: join(work, 'projects'),
  project: (migrations) => ({
    'package.json': mikroOrmPackage,
    'mikro-orm.config.js': mikroOrmConfig('[]'),
    ...Object.fromEntries(
      migrations.map((migration) => [
        `migrations/Migration${stampOf(migration)}.js`,
        `const { Migration } = require('@mikro-orm/migrations');

exports.Migration${stampOf(migration)} = class extends Migration {
  async up() {
${add(migration.up)}
  }

  async down() {
${add(migration.down)}
  }
};
`,
      ]),
    ),
  }),
  run: () => mikroOrmCommand('migration:up'),
  help: () => mikroOrmCommand('--help'),
  ledger: 'mikro_orm_migrations',
};
