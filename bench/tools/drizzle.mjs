import { join } from 'node:path';
import { node } from '../measure/process.mjs';
import { binOf, ofBench, work } from '../paths.mjs';

const migrate = `const { drizzle } = require('drizzle-orm/node-postgres');
const { migrate } = require('drizzle-orm/node-postgres/migrator');
const { Client } = require('pg');

(async () => {
  const client = new Client(process.env.DATABASE_URL);
  await client.connect();
  await migrate(drizzle(client), { migrationsFolder: 'drizzle' });
  await client.end();
})();
`;

export const drizzleKitCommand = (...args) => node(binOf(ofBench('drizzle-kit'), 'drizzle-kit'), ...args);
export const drizzleConfig = `module.exports = { dialect: 'postgresql', schema: './schema.js', out: './drizzle', dbCredentials: { url: process.env.DATABASE_URL } };\n`;

const tagOf = ({ name }, index) => `${String(index).padStart(4, '0')}_${name}`;

function project(migrations) {
  const entries = migrations.map((migration, idx) => ({
    idx,
    version: '7',
    when: migration.timestamp,
    tag: tagOf(migration, idx),
    breakpoints: true,
  }));
  return {
    'package.json': { private: true, type: 'commonjs' },
    'drizzle.config.js': drizzleConfig,
    'schema.js': '',
    'migrate.js': migrate,
    'drizzle/meta/_journal.json': { version: '7', dialect: 'postgresql', entries },
    ...Object.fromEntries(
      migrations.map((migration, index) => [
        `drizzle/${tagOf(migration, index)}.sql`,
        migration.up.map((sql) => `${sql};`).join('\n--> statement-breakpoint\n'),
      ]),
    ),
  };
}

const tool = (name, run, help) => ({
  name,
  transaction: 'one for all, no lock',
  home: join(work, 'projects'),
  project,
  run,
  help,
  ledger: 'drizzle.__drizzle_migrations',
});

/** The shortest script of its documentation; there is no command without drizzle-kit. */
export const drizzle = tool('drizzle-orm migrate()', () => node('migrate.js'));
export const drizzleKit = tool(
  'drizzle-kit migrate',
  () => drizzleKitCommand('migrate'),
  () => drizzleKitCommand('--help'),
);
