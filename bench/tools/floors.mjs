import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { node } from '../measure/process.mjs';
import { bench, work } from '../paths.mjs';

/** What nobody can be faster than: the same statements without anything that a tool is for. */
const floor = (name, transaction, project, run, ledger) => ({
  name,
  transaction,
  home: join(work, 'projects'),
  project,
  run,
  ledger,
  isFloor: true,
});

const oneFile = (migrations) => ({ 'up.sql': migrations.flatMap(({ up }) => up.map((sql) => `${sql};\n`)).join('') });
const script = (name) => join(bench, 'floors', name);

/** Debian's psql is a script that looks for the real one. */
function findPsql() {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((dir) => join(dir, 'psql'))
    .find(existsSync);
  if (found === undefined || !realpathSync(found).endsWith('pg_wrapper')) return found;
  const home = '/usr/lib/postgresql';
  const [newest] = readdirSync(home).toSorted((a, b) => Number(b) - Number(a));
  return join(home, newest, 'bin', 'psql');
}

const psql = findPsql();
const runPsql =
  (...flags) =>
  ({ url }) => [psql, '-X', '-q', '-v', 'ON_ERROR_STOP=1', ...flags, '-f', 'up.sql', url];

export const psqlFloors =
  psql === undefined
    ? []
    : [
        floor('psql -1 -f', 'one for all', oneFile, runPsql('-1')),
        floor('psql -f', 'each statement', oneFile, runPsql()),
      ];
export const pgInOne = floor('node + pg, all in one query', 'one for all', oneFile, () =>
  node(script('one-query.mjs')),
);
export const pgEach = floor(
  'node + pg, one query for each',
  'each, with a ledger',
  (migrations) => ({ 'migrations.json': migrations }),
  () => node(script('query-for-each.mjs')),
  'ledger',
);

/** The least that a command can be that takes the connection from the project's data source and asks one question. */
export const questionFloor = 'node + data source + pg, one question';
export const processFloors = [
  ['node -e 0', () => node('-e', '0')],
  ['node + pg, one question', () => node(script('one-question.mjs'))],
  [questionFloor, () => node(script('data-source-and-one-question.cjs'))],
];
