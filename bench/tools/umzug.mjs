import { join } from 'node:path';
import { quoted } from '../corpus/files.mjs';
import { node } from '../measure/process.mjs';
import { work } from '../paths.mjs';

/** It has no command, no transactions and no storage in PostgreSQL: this is the least that a project has to write itself. */
const migrate = `const { Client } = require('pg');
const { Umzug } = require('umzug');

const client = new Client(process.env.DATABASE_URL);
const umzug = new Umzug({
  migrations: { glob: 'migrations/*.js' },
  context: client,
  storage: {
    logMigration: ({ name }) => client.query('INSERT INTO umzug (name) VALUES ($1)', [name]),
    unlogMigration: ({ name }) => client.query('DELETE FROM umzug WHERE name = $1', [name]),
    executed: async () => (await client.query('SELECT name FROM umzug ORDER BY name')).rows.map(({ name }) => name),
  },
  logger: undefined,
});

(async () => {
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS umzug (name text PRIMARY KEY)');
  await umzug.up();
  await client.end();
})();
`;
const queries = (statements) =>
  ['BEGIN', ...statements, 'COMMIT'].map((sql) => `  await context.query(${quoted(sql)});`).join('\n');

export const umzug = {
  name: 'umzug',
  transaction: 'each, without the ledger; no lock',
  home: join(work, 'projects'),
  project: (migrations) => ({
    'package.json': { private: true, type: 'commonjs' },
    'migrate.js': migrate,
    ...Object.fromEntries(
      migrations.map(({ name, timestamp, up, down }) => [
        `migrations/${timestamp}-${name}.js`,
        `exports.up = async ({ context }) => {\n${queries(up)}\n};\n\nexports.down = async ({ context }) => {\n${queries(down)}\n};\n`,
      ]),
    ),
  }),
  run: () => node('migrate.js'),
  ledger: 'umzug',
};
