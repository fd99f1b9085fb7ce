import { join } from 'node:path';
import { stampOf } from '../corpus/create-tables.mjs';
import { quoted } from '../corpus/files.mjs';
import { node } from '../measure/process.mjs';
import { binOf, ofBench, work } from '../paths.mjs';

const command = (...args) => node(binOf(ofBench('knex'), 'knex'), ...args);
const raw = (statements) => statements.map((sql) => `  await knex.raw(${quoted(sql)});`).join('\n');

export const knex = {
  name: 'knex',
  transaction: 'one for all, lock in a table',
  home: join(work, 'projects'),
  project: (migrations) => ({
    'package.json': { private: true, type: 'commonjs' },
    'knexfile.js': `module.exports = { client: 'pg', connection: process.env.DATABASE_URL, migrations: { directory: './migrations' } };\n`,
    ...Object.fromEntries(
      migrations.map((migration) => [
        `migrations/${stampOf(migration)}_${migration.name}.js`,
        `exports.up = async (knex) => {\n${raw(migration.up)}\n};\n\nexports.down = async (knex) => {\n${raw(migration.down)}\n};\n`,
      ]),
    ),
  }),
  run: () => command('migrate:latest'),
  help: () => command('--help'),
  ledger: 'knex_migrations',
};
