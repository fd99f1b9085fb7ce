import type { CommandGroup, Description } from './command.js';
import { decisions, enlist, folder, ignore, javascript, shadow, sql, targetVersion } from './shared-options.js';
import { checkSteps, collect, steps } from './values.js';

const init: Description = {
  name: 'init',
  summary: 'set up an existing Nest project: data source, .env.example, scripts',
  options: [
    { flags: '--dry-run', summary: 'only print what would be written' },
    { flags: '-y, --yes', summary: 'no effect: init asks nothing (for scripts)' },
  ],
  examples: ['init', 'init --dry-run'],
};

const generate: Description = {
  name: 'generate',
  summary: 'write the migrations that make the schema match the entities',
  argument: ['[name]', 'name of the change (default: derived from what changes)'],
  options: [
    { flags: '--check', summary: 'write nothing; exit with 3 if there is something to generate' },
    { flags: '--dry-run', summary: 'write nothing; print the files' },
    sql,
    javascript,
    folder,
    enlist,
    { flags: '--split', summary: 'write one file for each step instead of one for the change' },
    ...decisions,
    { flags: '--rename-directly', summary: 'rename in one statement, which breaks the old version of the app' },
    { flags: '--no-rename-directly', summary: 'keep both names until the old version is gone (default)' },
    ignore,
    { flags: '--prune', summary: 'also drop objects created by hand that no entity describes' },
    { flags: '--online', summary: 'write steps that do not block reads and writes (default)' },
    { flags: '--no-online', summary: 'write one step; reads and writes block while it runs' },
    targetVersion,
    { flags: '--from <url>', summary: 'compare the entities with this database instead of the migrations' },
    shadow,
    { flags: '--no-cache', summary: 'replay every migration and create every entity again' },
  ],
  examples: [
    'generate AddEmailToUsers',
    'generate --dry-run',
    'generate --check',
    'generate --rename users.name=full_name',
    `generate --backfill "users.country='DE'"`,
  ],
};

const create: Description = {
  name: 'create',
  summary: 'write an empty migration, or a seed',
  argument: ['<name>', 'what it does, such as AddEmailToUsers'],
  options: [
    { flags: '--data', summary: 'write a migration that fills rows in batches', conflicts: ['seed', 'sql'] },
    { flags: '--seed', summary: 'write a seed instead of a migration' },
    { ...sql, conflicts: ['js'] },
    javascript,
    folder,
    enlist,
  ],
  examples: [
    'create AddEmailToUsers',
    'create AddEmailToUsers --sql',
    'create --data FillCountries',
    'create --seed DemoUsers',
    'create "backfill countries" --js --dir src/migrations',
  ],
};

const check: Description = {
  name: 'check',
  summary: 'check the migrations without a database; made for CI',
  options: [
    {
      flags: '--database',
      summary: 'also check the database: pending, edited, missing, out-of-order and half-done migrations',
    },
    {
      flags: '--all-data-sources',
      summary: 'check every data source of the project, one by one',
    },
    { flags: '--with-rows', summary: 'also try the new migrations on made-up rows: up, down, and up again' },
    { flags: '--write-lock', summary: 'first rewrite migrations.lock, after a merge or to start using it' },
    {
      flags: '--since <revision>',
      summary: 'lint migrations that this git revision does not have (default: the branch point from main)',
    },
    { flags: '--only <steps>', summary: `run only these steps (of ${checkSteps.join(', ')})`, parse: steps },
    { flags: '--skip <steps>', summary: 'run all steps but these', parse: steps },
    { flags: '--format <format>', summary: 'print annotations for a GitHub workflow', choices: ['github'] },
    ignore,
    shadow,
    { flags: '--no-cache', summary: 'check everything again' },
  ],
  examples: [
    'check',
    'check --format github',
    'check --write-lock',
    'check --only files,entities',
    'check --database',
    'check --with-rows',
    'check --all-data-sources',
  ],
};

const lint: Description = {
  name: 'lint',
  summary: 'show what migrations would do to a database in use, before they run',
  argument: ['[migrations...]', 'files or names (default: the migrations that the main branch does not have)'],
  options: [
    { flags: '--all', summary: 'judge every migration' },
    { flags: '--since <revision>', summary: 'judge the migrations that this git revision does not have' },
    { flags: '--format <format>', summary: 'output format', choices: ['human', 'json', 'github', 'sarif'] },
    {
      flags: '--fail-on <severity>',
      summary: 'exit with 3 if there are findings of this severity or higher (default: error)',
      choices: ['error', 'warning', 'notice'],
    },
    {
      flags: '--fix',
      summary: 'rewrite migrations that block, as generate would write them, and prove that the schema stays the same',
    },
    {
      flags: '--rule <name=severity>',
      summary: 'change a rule: json-column=error, or create-index-blocking=off',
      parse: collect,
    },
    targetVersion,
    shadow,
  ],
  examples: [
    'lint',
    'lint --all',
    'lint migrations/1700000000000-AddIndex.ts',
    'lint --since origin/main --format github',
  ],
};

const help: Description = {
  name: 'help',
  summary: 'print a page of the documentation, or the help of a command',
  argument: ['[topic]', 'a page, a lint rule, an error code or a command (default: list the pages)'],
  options: [],
  examples: ['help', 'help deploying', 'help drop-column', 'help OUTCOME_UNKNOWN'],
};

/** The commands that need no database of the project. */
export const development: CommandGroup = {
  heading: 'Commands that work without a database:',
  commands: [init, generate, create, check, lint, help],
};
