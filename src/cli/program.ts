import { Command, CommanderError, Option } from 'commander';
import { ExitCode } from '../errors.js';
import { packageVersion } from '../version.js';
import {
  checkSteps,
  collect,
  command,
  count,
  countFromZero,
  examples,
  exitCodes,
  majorVersion,
  steps,
} from './command.js';
import type { GlobalFlags } from './flags.js';
import type { SourceInApp } from './io.js';

/**
 * The command line itself, with the exit code as its result. Only what `--help` needs is imported here; the rest is loaded when a command
 * really runs. Inside an app (nest-commander) the data source is the app's own, and no file is looked for.
 */
export async function runProgram(args: readonly string[], inApp?: SourceInApp): Promise<number> {
  let code: ExitCode = ExitCode.done;
  const program = describeProgram((name) => async (...given) => {
    const command = given.at(-1) as Command;
    const { perform } = await import('./perform.js');
    const { handlers } = await import('./handlers.js');
    const flags = command.optsWithGlobals<GlobalFlags>();
    code = await perform(flags, inApp, (io) =>
      (handlers[name] as (...values: unknown[]) => Promise<ExitCode>)(io, flags, ...given.slice(0, -2)),
    );
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are no errors; commander has already said what is wrong otherwise.
    if (error.exitCode === 0) return ExitCode.done;
    if (args.includes('--json')) {
      const message = error.message.replace(/^error: /, '');
      process.stdout.write(`${JSON.stringify({ error: { code: 'USAGE', message, next: 'nest-migrate --help' } })}\n`);
    }
    return ExitCode.usage;
  }
}

type Handlers = typeof import('./handlers.js').handlers;
/** Makes what commander calls for a command. */
type Action = (name: keyof Handlers) => (...given: unknown[]) => Promise<void>;

function describeProgram(action: Action): Command {
  const program = new Command('nest-migrate')
    .description('TypeORM migrations for NestJS on PostgreSQL, safe to run anywhere.')
    .version(packageVersion, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(see nest-migrate --help)')
    .configureHelp({ showGlobalOptions: true });
  program
    .option(
      '-d, --data-source <file>',
      'the file that exports the data source (default: data-source.ts here, in src, in dist)',
    )
    .option('--app <file>', 'the Nest module that has the connection, e.g. src/app.module.ts')
    .option('--connection <name>', 'with --app: the name of the connection')
    .option('--tsconfig <file>', 'how TypeScript files are loaded (default: tsconfig.json)')
    .option('--json', 'one JSON object on stdout, nothing else')
    .option('--quiet', 'no progress')
    .option('--verbose', 'stack traces and every statement')
    .option('--no-color', 'no colours')
    .option('--lock-timeout <duration>', 'how long a statement may wait for a table lock (default: 2s)')
    .option('--retry-for <duration>', 'how long to go on trying then (default: 10min)')
    .option('--statement-timeout <duration>', 'the longest a statement may run (default: 0, for ever)')
    .option('--wait-for-others <duration>', 'how long to wait while another process migrates (default: 0, for ever)')
    .option('--connect-timeout <duration>', 'how long to wait for the server (default: 30s)')
    .addOption(
      new Option('--out-of-order <policy>', 'a pending migration older than an applied one').choices([
        'run',
        'warn',
        'refuse',
      ]),
    )
    .addOption(new Option('--edited <policy>', 'a .sql file changed after it was applied').choices(['warn', 'refuse']))
    .addOption(
      new Option(
        '--contract <policy>',
        'when contract migrations run (default: next-deploy with NODE_ENV=production, else immediately)',
      ).choices(['next-deploy', 'manual', 'immediately']),
    );
  run(program, action);
  revert(program, action);
  others(program, action);
  program.addHelpText('after', exitCodes);
  return program;
}

function run(program: Command, action: Action): void {
  command(program, 'run', 'run the pending migrations')
    .option('--to <migration>', 'up to this one: a name, a timestamp, or a part of a name')
    .option('--count <n>', 'so many', count)
    .addOption(
      new Option('--transaction <mode>', 'a transaction for each, one for all, or none').choices([
        'each',
        'all',
        'none',
      ]),
    )
    .addOption(
      new Option('--phase <phase>', 'without contract migrations, only these, all, or as --contract says').choices([
        'expand',
        'contract',
        'all',
        'due',
      ]),
    )
    .addOption(new Option('--fake', 'record them as applied without executing them').conflicts('dryRun'))
    .addOption(new Option('--dry-run', 'print the SQL: it is executed and rolled back'))
    .option('--plan', 'show first what will happen, and ask; without a terminal: only if it is safe now')
    .addHelpText(
      'after',
      examples(
        'run',
        'run --to AddUsers',
        'run --phase contract',
        'run --dry-run > review.sql',
        'run --json | jq .applied',
      ),
    )
    .action(action('run'));
}

function revert(program: Command, action: Action): void {
  command(program, 'revert', 'revert the last migration')
    .addOption(
      new Option('--to <migration>', 'go back to this one, which stays').conflicts(['count', 'all', 'lastRun']),
    )
    .addOption(new Option('--count <n>', 'so many').argParser(count).conflicts(['all', 'lastRun']))
    .addOption(new Option('--all', 'everything').conflicts('lastRun'))
    .option('--last-run', 'what the last run has applied')
    .addOption(new Option('--fake', 'record them as reverted without executing them').conflicts('dryRun'))
    .addOption(new Option('--dry-run', 'print the SQL: it is executed and rolled back'))
    .addHelpText(
      'after',
      examples('revert', 'revert --count 2', 'revert --to CreateUsers', 'revert --last-run --dry-run'),
    )
    .action(action('revert'));
  command(program, 'redo', 'revert the last migration and run it again')
    .option('--count <n>', 'so many', count)
    .addHelpText('after', examples('redo', 'redo --count 2'))
    .action(action('redo'));
}

function others(program: Command, action: Action): void {
  command(program, 'status', 'show what is applied, what is pending, and what is odd')
    .option('--check', 'exit with 3 when something is pending or odd')
    .addHelpText('after', examples('status', 'status --check', 'status --json | jq -r ".pending[].name"'))
    .action(action('status'));
  command(program, 'wait', 'wait until the server answers')
    .option('--timeout <duration>', 'give up after so long (default: 0, never)')
    .option('--migrated', 'and until nothing is pending: somebody else migrates')
    .addHelpText('after', examples('wait --timeout 60s', 'wait --migrated --timeout 10min'))
    .action(action('wait'));
  command(program, 'generate', 'write the migrations that lead to what the entities describe')
    .argument('[name]', 'what the change is called (default: made from the changes)')
    .option('--check', 'write nothing; exit with 3 if something would be generated')
    .option('--dry-run', 'write nothing, print the files')
    .option('--sql', 'plain SQL files')
    .option('--js', 'JavaScript instead of TypeScript')
    .option('--dir <folder>', 'where (default: where the others are)')
    .option('--rename <old=new>', 'users.name=full_name, or users=people: it is the same, called otherwise', collect)
    .option('--drop <what>', 'users.name, or users: it goes, and nothing new is what it was', collect)
    .option('--rename-directly', 'one ALTER … RENAME: the old version of the app breaks at that moment')
    .option('--backfill <column=sql>', "users.country='DE': what existing rows get in a new column", collect)
    .option('--using <column=sql>', 'users.age=age::int: how values become those of the new type', collect)
    .option('--stored-timezone <zone>', 'UTC: what stored timestamps without a zone meant')
    .option('--allow-destructive', 'also what loses data')
    .option('--prune', 'drop also what somebody made by hand and the entities do not know')
    .option('--no-online', 'one file, one transaction, while everybody waits')
    .option('--target-version <major>', 'the major version of the server (default: 15)', majorVersion)
    .option('--from <url>', 'start from this database instead of the migrations')
    .option('--shadow <url>', 'make the throwaway databases on this server instead of in the process')
    .option('--no-cache', 'replay every migration and create every entity anew')
    .addHelpText(
      'after',
      examples(
        'generate AddEmailToUsers',
        'generate --dry-run',
        'generate --check',
        'generate --rename users.name=full_name',
        `generate --backfill "users.country='DE'"`,
      ),
    )
    .action(action('generate'));
  command(program, 'check', 'say whether the migrations are good, without any database; for CI')
    .option('--database', 'also the database of the data source: pending, edited, missing, out of order, half-done')
    .option('--write-lock', 'make migrations.lock anew first: after a merge, or for a project that has none')
    .option(
      '--since <revision>',
      'lint what this revision of git does not have (default: where the main branch was left)',
    )
    .option('--only <steps>', `only these of ${checkSteps.join(', ')}`, steps)
    .option('--skip <steps>', 'without these', steps)
    .addOption(new Option('--format <format>', 'annotations for a workflow of GitHub').choices(['github']))
    .option('--shadow <url>', 'make the throwaway databases on this server instead of in the process')
    .option('--no-cache', 'prove everything anew')
    .addHelpText(
      'after',
      examples(
        'check',
        'check --format github',
        'check --write-lock',
        'check --only files,entities',
        'check --database',
      ),
    )
    .action(action('check'));
  command(program, 'baseline', 'take over a database that synchronize has made')
    .argument('[name]', 'what the first migration is called (default: Baseline)')
    .option('--check', 'only say whether the database has the schema of the entities; exit with 3 if not')
    .option('--sql', 'a plain SQL file')
    .option('--js', 'JavaScript instead of TypeScript')
    .option('--dir <folder>', 'where (default: where the others are)')
    .option('--shadow <url>', 'make the throwaway databases on this server instead of in the process')
    .addHelpText('after', examples('baseline', 'baseline --check'))
    .action(action('baseline'));
  command(program, 'lint', 'say what migrations will do to a database in use, before they do it')
    .argument('[migrations...]', 'files or names (default: those that are new since the main branch)')
    .option('--all', 'every migration')
    .option('--since <revision>', 'those that this revision of git does not have')
    .addOption(
      new Option('--format <format>', 'how findings are written').choices(['human', 'json', 'github', 'sarif']),
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 3 from this severity on (default: error)').choices([
        'error',
        'warning',
        'notice',
      ]),
    )
    .option(
      '--fix',
      'write migrations that stop somebody again, as generate would have; proven to lead to the same schema',
    )
    .option('--rule <name=severity>', 'json-column=error, or create-index-blocking=off', collect)
    .option('--target-version <major>', 'the major version of the server (default: 15)', majorVersion)
    .option('--shadow <url>', 'make the throwaway database on this server instead of in the process')
    .addHelpText(
      'after',
      examples(
        'lint',
        'lint --all',
        'lint migrations/1700000000000-AddIndex.ts',
        'lint --since origin/main --format github',
      ),
    )
    .action(action('lint'));
  command(program, 'plan', 'say what run will do to this database, without changing anything')
    .option('--deep', 'read whole tables to find rows that would be in the way')
    .option('--to <migration>', 'up to this one: a name, a timestamp, or a part of a name')
    .option('--count <n>', 'so many', count)
    .addOption(new Option('--phase <phase>', 'as run has it').choices(['expand', 'contract', 'all', 'due']))
    .option('--shadow <url>', 'make the throwaway database on this server instead of in the process')
    .addHelpText('after', examples('plan', 'plan --deep', 'plan --json | jq -r ".migrations[].verdict"'))
    .action(action('plan'));
  command(program, 'drift', 'show how the database differs from what its migrations say; changes nothing')
    .option('--sql', 'also the statements that would take it back, and those that a migration would need to adopt it')
    .option('--ignore <pattern>', 'table:events_*, schema:audit, index:*_adhoc_idx: leave it alone', collect)
    .option('--shadow <url>', 'replay the migrations on this server instead of in the process')
    .option('--no-cache', 'replay every migration anew')
    .addHelpText(
      'after',
      examples('drift', 'drift --sql', `drift --ignore 'table:events_*'`, 'drift --json | jq -r ".drift[].object"'),
    )
    .action(action('drift'));
  command(program, 'create', 'write an empty migration')
    .argument('<name>', 'what it does, e.g. AddEmailToUsers')
    .addOption(new Option('--sql', 'a file of plain SQL').conflicts('js'))
    .option('--js', 'JavaScript instead of TypeScript')
    .option('--dir <folder>', 'where (default: where the others are)')
    .addHelpText(
      'after',
      examples(
        'create AddEmailToUsers',
        'create AddEmailToUsers --sql',
        'create "backfill countries" --js --dir src/migrations',
      ),
    )
    .action(action('create'));
  command(program, 'resolve', 'say what became of a migration without a transaction that stopped in the middle')
    .argument('<migration>', 'its name, timestamp, or a part of its name')
    .addOption(new Option('--finished', 'it was finished by hand: record that').conflicts(['notStarted', 'doneUntil']))
    .addOption(new Option('--not-started', 'it was undone by hand: start again next time').conflicts('doneUntil'))
    .option('--done-until <n>', 'statements 1 to n are done: go on behind them next time', countFromZero)
    .addHelpText('after', examples('resolve AddIndex --done-until 2', 'resolve AddIndex --not-started'))
    .action(action('resolve'));
  command(program, 'init', 'set up an existing Nest project: data source, .env.example, scripts')
    .option('--dry-run', 'only say what would be written')
    .addHelpText('after', examples('init', 'init --dry-run'))
    .action(action('init'));
}
