import type { CommandGroup, Description, Flag } from './command.js';
import {
  decisions,
  enlist,
  folder,
  ignore,
  javascript,
  shadow,
  sql,
  targetVersion,
  yesDrop,
} from './shared-options.js';
import { count, countFromZero } from './values.js';

const upTo: Flag = {
  flags: '--to <migration>',
  summary: 'stop after this one: a name, a timestamp, or part of a name',
};
const phases = ['expand', 'contract', 'all', 'due'];
const dryRun: Flag = { flags: '--dry-run', summary: 'execute the SQL, print it, and roll it back' };

const recordedToo: Flag = {
  flags: '--recorded-too',
  summary: 'also execute the down of migrations that were only recorded (baseline, --fake)',
};

const dev: Description = {
  name: 'dev',
  summary: 'change your database to match the entities, and write the migration',
  argument: ['[name]', 'name of the change (default: derived from what changes)'],
  options: [
    { flags: '--watch', summary: 'repeat after each save, until Ctrl-C', conflicts: ['json'] },
    ...decisions,
    { flags: '--new', summary: 'write a new file even if the last one is not committed', conflicts: ['amend'] },
    { flags: '--amend', summary: 'rewrite the last file even if it is committed, unless the main branch has it' },
    javascript,
    folder,
    ignore,
    targetVersion,
    shadow,
    { ...yesDrop, summary: 'work on this database even if it is not on this machine' },
  ],
  examples: [
    'dev',
    'dev --watch',
    'dev --rename users.name=full_name',
    `dev --backfill "users.country='DE'"`,
    'dev --new',
  ],
};

const run: Description = {
  name: 'run',
  summary: 'run the pending migrations',
  options: [
    upTo,
    { flags: '--count <n>', summary: 'number of changes to run', parse: count },
    {
      flags: '--transaction <mode>',
      summary: 'one transaction for each migration, one for all, or none (default: each)',
      choices: ['each', 'all', 'none'],
    },
    {
      flags: '--phase <phase>',
      summary: 'run only expand or contract migrations, all, or those due now (default: due)',
      choices: phases,
    },
    {
      flags: '--fake',
      summary: 'record the migrations as applied without executing them',
      conflicts: ['dryRun'],
    },
    dryRun,
    {
      flags: '--strict',
      summary:
        'exit with 3 if the file of an applied migration was edited or is missing; with --plan: also run nothing whose effect is not known',
    },
    {
      flags: '--plan',
      summary: 'show the plan and ask first; without a terminal, run nothing that blocks or fails',
    },
    { flags: '--yes', summary: 'with --plan: run without asking, whatever the plan says' },
  ],
  examples: [
    'run',
    'run --to AddUsers',
    'run --phase contract',
    'run --dry-run > review.sql',
    'run --json | jq .applied',
  ],
};

const plan: Description = {
  name: 'plan',
  summary: 'show what run would do to this database, without changing it',
  options: [
    { flags: '--deep', summary: 'read whole tables to find rows that would make a migration fail' },
    upTo,
    { flags: '--count <n>', summary: 'number of changes to plan', parse: count },
    { flags: '--phase <phase>', summary: 'the migrations that run --phase would run', choices: phases },
    shadow,
  ],
  examples: ['plan', 'plan --deep', 'plan --json | jq -r ".migrations[].verdict"'],
};

const status: Description = {
  name: 'status',
  summary: 'show applied and pending migrations, and problems',
  options: [{ flags: '--check', summary: 'exit with 3 if a migration is pending or there is a problem' }],
  examples: ['status', 'status --check', 'status --json | jq -r ".pending[].name"'],
};

const revert: Description = {
  name: 'revert',
  summary: 'revert the last change',
  options: [
    {
      flags: '--to <migration>',
      summary: 'revert everything after this migration',
      conflicts: ['count', 'all', 'lastRun'],
    },
    {
      flags: '--count <n>',
      summary: 'number of changes to revert',
      parse: count,
      conflicts: ['all', 'lastRun'],
    },
    {
      flags: '--step',
      summary: 'count migrations instead of changes (a change may consist of several)',
      conflicts: ['to', 'all', 'lastRun'],
    },
    { flags: '--all', summary: 'revert everything', conflicts: ['lastRun'] },
    { flags: '--last-run', summary: 'revert everything that the last run applied' },
    recordedToo,
    {
      flags: '--fake',
      summary: 'record the migrations as reverted without executing them',
      conflicts: ['dryRun'],
    },
    dryRun,
  ],
  examples: ['revert', 'revert --count 2', 'revert --step', 'revert --to CreateUsers', 'revert --last-run --dry-run'],
};

const redo: Description = {
  name: 'redo',
  summary: 'revert the last change and run it again',
  options: [
    { flags: '--count <n>', summary: 'number of changes', parse: count },
    { flags: '--step', summary: 'count migrations instead of changes' },
    recordedToo,
  ],
  examples: ['redo', 'redo --count 2'],
};

const wait: Description = {
  name: 'wait',
  summary: 'wait until the server accepts connections',
  options: [
    { flags: '--timeout <duration>', summary: 'how long to wait (default: 0, no limit)' },
    { flags: '--migrated', summary: 'also wait until another process has run all pending migrations' },
  ],
  examples: ['wait --timeout 60s', 'wait --migrated --timeout 10min'],
};

const drift: Description = {
  name: 'drift',
  summary: 'show how the database differs from its migrations, without changing it',
  options: [
    {
      flags: '--sql',
      summary: 'also print the statements that would undo the drift, and a migration to adopt it',
    },
    ignore,
    shadow,
    { flags: '--no-cache', summary: 'replay every migration again' },
  ],
  examples: ['drift', 'drift --sql', `drift --ignore 'table:events_*'`, 'drift --json | jq -r ".drift[].object"'],
};

const baseline: Description = {
  name: 'baseline',
  summary: 'start using migrations on a database that synchronize has created',
  argument: ['[name]', 'name of the first migration (default: Baseline)'],
  options: [
    { flags: '--check', summary: 'only compare the database with the entities; exit with 3 if they differ' },
    {
      flags: '--take-over',
      summary: 'also include objects that no entity describes: functions, views, triggers, tables',
      conflicts: ['onlyEntities'],
    },
    { flags: '--only-entities', summary: 'leave out objects that no entity describes, without asking' },
    sql,
    javascript,
    folder,
    ignore,
    enlist,
    shadow,
  ],
  examples: ['baseline', 'baseline --check', 'baseline --take-over'],
};

const resolve: Description = {
  name: 'resolve',
  summary: 'record the outcome of a non-transactional migration that stopped halfway',
  argument: ['<migration>', 'its name, its timestamp, or part of its name'],
  options: [
    {
      flags: '--finished',
      summary: 'you have completed it by hand: record it as applied, or as reverted',
      conflicts: ['notStarted', 'doneUntil'],
    },
    {
      flags: '--not-started',
      summary: 'you have undone it by hand: it starts from the beginning next time',
      conflicts: ['doneUntil'],
    },
    {
      flags: '--done-until <n>',
      summary: 'statements 1 to n are done: it continues after them next time',
      parse: countFromZero,
    },
  ],
  examples: ['resolve AddIndex --done-until 2', 'resolve AddIndex --not-started'],
};

const database: Description = {
  name: 'database',
  summary: 'create the database of the data source, or drop it',
  argument: ['<action>', 'what to do with it', ['create', 'drop']],
  options: [yesDrop, { flags: '--force', summary: 'with drop: end the sessions that are still connected' }],
  examples: ['database create', 'database drop', 'database drop --yes-drop shop_dev --force'],
};

const fresh: Description = {
  name: 'fresh',
  summary: 'drop everything in the database, and run all migrations again',
  options: [{ flags: '--seed', summary: 'run the seeds afterwards' }, yesDrop],
  examples: ['fresh', 'fresh --seed', 'fresh --yes-drop shop_dev'],
};

const seed: Description = {
  name: 'seed',
  summary: 'run the seeds, which fill tables with rows',
  argument: ['[names...]', 'seeds to run, even if they have run before (default: all that are due)'],
  options: [],
  examples: ['seed', 'seed 02-demo-users', 'seed --json | jq .ran'],
};

/** The commands that need the database. */
export const deployment: CommandGroup = {
  heading: 'Commands that use the database:',
  commands: [dev, run, plan, status, revert, redo, wait, drift, baseline, resolve, database, fresh, seed],
};
