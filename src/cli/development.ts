import type { Command } from 'commander';
import { checkSteps, collect, count, described, majorVersion, steps } from './command.js';
import type { Action, Description } from './command.js';

const generate: Description = {
  name: 'generate',
  says: 'write the migrations that lead to what the entities describe',
  argument: ['[name]', 'what the change is called (default: made from the changes)'],
  options: [
    { flags: '--check', says: 'write nothing; exit with 3 if something would be generated' },
    { flags: '--dry-run', says: 'write nothing, print the files' },
    { flags: '--sql', says: 'plain SQL files' },
    { flags: '--js', says: 'JavaScript instead of TypeScript' },
    { flags: '--dir <folder>', says: 'where (default: where the others are)' },
    { flags: '--split', says: 'a file for each step of the change, instead of one file' },
    {
      flags: '--rename <old=new>',
      says: 'users.name=full_name, or users=people: it is the same, called otherwise',
      parse: collect,
    },
    { flags: '--drop <what>', says: 'users.name, or users: it goes, and nothing new is what it was', parse: collect },
    { flags: '--rename-directly', says: 'one ALTER … RENAME: the old version of the app breaks at that moment' },
    { flags: '--no-rename-directly', says: 'both names side by side (default)' },
    {
      flags: '--backfill <column=sql>',
      says: "users.country='DE': what rows without a value get in a NOT NULL column",
      parse: collect,
    },
    {
      flags: '--using <column=sql>',
      says: 'users.age=age::int: how values become those of the new type',
      parse: collect,
    },
    { flags: '--stored-timezone <zone>', says: 'UTC: what stored timestamps without a zone meant' },
    { flags: '--allow-destructive', says: 'also what loses data' },
    { flags: '--prune', says: 'also drop objects made by hand that the entities do not describe' },
    { flags: '--online', says: 'steps that keep tables in use (default)' },
    { flags: '--no-online', says: 'one step, one transaction, while reads and writes block' },
    { flags: '--target-version <major>', says: 'the major version of the server (default: 15)', parse: majorVersion },
    { flags: '--from <url>', says: 'start from this database instead of the migrations' },
    { flags: '--shadow <url>', says: 'make the throwaway databases on this server instead of in the process' },
    { flags: '--no-cache', says: 'replay every migration and create every entity again' },
  ],
  examples: [
    'generate AddEmailToUsers',
    'generate --dry-run',
    'generate --check',
    'generate --rename users.name=full_name',
    `generate --backfill "users.country='DE'"`,
  ],
};

const check: Description = {
  name: 'check',
  says: 'say whether the migrations are good, without any database; for CI',
  options: [
    {
      flags: '--database',
      says: 'also the database of the data source: pending, edited, missing, out of order, half-done',
    },
    { flags: '--write-lock', says: 'first rewrite migrations.lock: after a merge, or for a project that has none' },
    {
      flags: '--since <revision>',
      says: 'lint what this revision of git does not have (default: where the main branch was left)',
    },
    { flags: '--only <steps>', says: `only these of ${checkSteps.join(', ')}`, parse: steps },
    { flags: '--skip <steps>', says: 'without these', parse: steps },
    { flags: '--format <format>', says: 'annotations for a workflow of GitHub', choices: ['github'] },
    { flags: '--shadow <url>', says: 'make the throwaway databases on this server instead of in the process' },
    { flags: '--no-cache', says: 'prove everything again' },
  ],
  examples: ['check', 'check --format github', 'check --write-lock', 'check --only files,entities', 'check --database'],
};

const baseline: Description = {
  name: 'baseline',
  says: 'take over a database that synchronize has made',
  argument: ['[name]', 'what the first migration is called (default: Baseline)'],
  options: [
    { flags: '--check', says: 'only say whether the database has the schema of the entities; exit with 3 if not' },
    { flags: '--sql', says: 'a plain SQL file' },
    { flags: '--js', says: 'JavaScript instead of TypeScript' },
    { flags: '--dir <folder>', says: 'where (default: where the others are)' },
    { flags: '--shadow <url>', says: 'make the throwaway databases on this server instead of in the process' },
  ],
  examples: ['baseline', 'baseline --check'],
};

const lint: Description = {
  name: 'lint',
  says: 'say what migrations will do to a database in use, before they do it',
  argument: ['[migrations...]', 'files or names (default: new since the main branch)'],
  options: [
    { flags: '--all', says: 'every migration' },
    { flags: '--since <revision>', says: 'migrations that this revision of git does not contain' },
    { flags: '--format <format>', says: 'how findings are written', choices: ['human', 'json', 'github', 'sarif'] },
    {
      flags: '--fail-on <severity>',
      says: 'exit with 3 from this severity on (default: error)',
      choices: ['error', 'warning', 'notice'],
    },
    {
      flags: '--fix',
      says: 'rewrite migrations that block, as generate would have written them; proven to lead to the same schema',
    },
    { flags: '--rule <name=severity>', says: 'json-column=error, or create-index-blocking=off', parse: collect },
    { flags: '--target-version <major>', says: 'the major version of the server (default: 15)', parse: majorVersion },
    { flags: '--shadow <url>', says: 'make the throwaway database on this server instead of in the process' },
  ],
  examples: [
    'lint',
    'lint --all',
    'lint migrations/1700000000000-AddIndex.ts',
    'lint --since origin/main --format github',
  ],
};

const plan: Description = {
  name: 'plan',
  says: 'say what run will do to this database, without changing anything',
  options: [
    { flags: '--deep', says: 'read whole tables to find rows that would be in the way' },
    { flags: '--to <migration>', says: 'up to this one: a name, a timestamp, or a part of a name' },
    { flags: '--count <n>', says: 'number of changes', parse: count },
    { flags: '--phase <phase>', says: 'as run has it', choices: ['expand', 'contract', 'all', 'due'] },
    { flags: '--shadow <url>', says: 'make the throwaway database on this server instead of in the process' },
  ],
  examples: ['plan', 'plan --deep', 'plan --json | jq -r ".migrations[].verdict"'],
};

const drift: Description = {
  name: 'drift',
  says: 'show how the database differs from what its migrations say; changes nothing',
  options: [
    {
      flags: '--sql',
      says: 'also the statements that would undo it, and the ones a migration needs to adopt it',
    },
    {
      flags: '--ignore <pattern>',
      says: 'table:events_*, schema:audit, index:*_adhoc_idx: leave it alone',
      parse: collect,
    },
    { flags: '--shadow <url>', says: 'replay the migrations on this server instead of in the process' },
    { flags: '--no-cache', says: 'replay every migration again' },
  ],
  examples: ['drift', 'drift --sql', `drift --ignore 'table:events_*'`, 'drift --json | jq -r ".drift[].object"'],
};

/** The commands that write and judge migrations, in the order in which `--help` lists them. */
export function development(program: Command, action: Action): void {
  for (const one of [generate, check, baseline, lint, plan, drift]) described(program, one).action(action(one.name));
}
