import { join } from 'node:path';
import { quoted } from '../corpus/files.mjs';
import { node } from '../measure/process.mjs';
import { binOf, ofBench, work } from '../paths.mjs';

const command = (...args) => node(binOf(ofBench('node-pg-migrate'), 'node-pg-migrate'), ...args);
const sql = (statements) => statements.map((text) => `  pgm.sql(${quoted(text)});`).join('\n');

const tool = (name, transaction, ...flags) => ({
  name,
  transaction: `${transaction}, advisory lock`,
  home: join(work, 'projects'),
  project: (migrations) => ({
    'package.json': { private: true, type: 'commonjs' },
    ...Object.fromEntries(
      migrations.map((migration) => [
        `migrations/${migration.timestamp}_${migration.name}.js`,
        `exports.up = (pgm) => {\n${sql(migration.up)}\n};\n\nexports.down = (pgm) => {\n${sql(migration.down)}\n};\n`,
      ]),
    ),
  }),
  run: () => command('up', ...flags),
  help: () => command('--help'),
  ledger: 'pgmigrations',
});

export const nodePgMigrate = tool('node-pg-migrate', 'one for all');
export const nodePgMigrateEach = tool('node-pg-migrate, a transaction each', 'each', '--no-single-transaction');
