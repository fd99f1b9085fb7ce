import { Command, CommanderError, Option } from 'commander';
import { ExitCode } from '../errors.js';
import { withoutPasswords } from '../passwords.js';
import { packageVersion } from '../version.js';
import { command, count, countFromZero, examples, exitCodes } from './command.js';
import type { Action } from './command.js';
import { development } from './development.js';
import type { GlobalFlags } from './flags.js';
import type { SourceInApp } from './io.js';

/**
 * The command line itself, with the exit code as its result. Only what `--help` needs is imported here; the rest is loaded when a command
 * really runs. Inside an app (nest-commander) the data source is the app's own, and no file is looked for.
 */
export async function runProgram(args: readonly string[], inApp?: SourceInApp): Promise<number> {
  let code: ExitCode = ExitCode.done;
  const program = describeProgram(args, (name) => async (...given) => {
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
      const message = withoutArguments(error.message.replace(/^error: /, ''), args);
      process.stdout.write(`${JSON.stringify({ error: { code: 'USAGE', message, next: 'nest-migrate --help' } })}\n`);
    }
    return ExitCode.usage;
  }
}

/** What commander does not understand, it quotes: also an address that was put in the wrong place. */
function withoutArguments(text: string, args: readonly string[]): string {
  const addresses = args.map((argument) => argument.replace(/^--?[\w-]+=?/, '')).filter((value) => /[:@]/.test(value));
  return withoutPasswords(addresses.reduce((safe, address) => safe.replaceAll(address, '***'), text));
}

function describeProgram(args: readonly string[], action: Action): Command {
  const program = new Command('nest-migrate')
    .description('TypeORM migrations for NestJS on PostgreSQL, safe to run anywhere.')
    .version(packageVersion, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(see nest-migrate --help)')
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutArguments(text, args)) })
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
    .option('--statement-timeout <duration>', 'the longest a statement may run (default: 0, forever)')
    .option('--wait-for-others <duration>', 'how long to wait while another process migrates (default: 0, forever)')
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
  help(program, action);
  program.addHelpText('after', exitCodes);
  return program;
}

function run(program: Command, action: Action): void {
  command(program, 'run', 'run the pending migrations')
    .option('--to <migration>', 'up to this one: a name, a timestamp, or a part of a name')
    .option('--count <n>', 'number of changes to run', count)
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
    .option('--strict', 'exit with 3 when a file of an applied migration was edited or is missing')
    .option('--plan', 'show first what will happen, and ask; without a terminal: run nothing that blocks or fails')
    .option('--yes', 'with --plan: do not ask, and run it whatever the plan says')
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
  command(program, 'revert', 'revert the last change')
    .addOption(
      new Option('--to <migration>', 'go back to this one, which stays').conflicts(['count', 'all', 'lastRun']),
    )
    .addOption(new Option('--count <n>', 'number of changes to revert').argParser(count).conflicts(['all', 'lastRun']))
    .addOption(
      new Option('--step', 'count single migrations, of which a change may have several').conflicts([
        'to',
        'all',
        'lastRun',
      ]),
    )
    .addOption(new Option('--all', 'everything').conflicts('lastRun'))
    .option('--last-run', 'what the last run has applied')
    .addOption(new Option('--fake', 'record them as reverted without executing them').conflicts('dryRun'))
    .addOption(new Option('--dry-run', 'print the SQL: it is executed and rolled back'))
    .addHelpText(
      'after',
      examples('revert', 'revert --count 2', 'revert --step', 'revert --to CreateUsers', 'revert --last-run --dry-run'),
    )
    .action(action('revert'));
  command(program, 'redo', 'revert the last change and run it again')
    .option('--count <n>', 'number of changes', count)
    .option('--step', 'count single migrations')
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
  development(program, action);
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

function help(program: Command, action: Action): void {
  const textOf = (name: string | undefined) => helpText(name === undefined ? program : named(program, name));
  command(program, 'help', 'show a page of the documentation, or the help of a command')
    .argument('[topic]', 'a page, a rule of lint, an error code or a command (default: list the pages)')
    .addHelpText('after', examples('help', 'help deploying', 'help drop-column', 'help OUTCOME_UNKNOWN'))
    .action((topic: string | undefined, ...more: unknown[]) => action('help')(topic, textOf, ...more));
}

function named(program: Command, name: string): Command | undefined {
  return program.commands.find((one) => one.name() === name);
}

/** What `--help` prints: with the examples, which `helpInformation()` leaves out. */
function helpText(of: Command | undefined): string | undefined {
  if (of === undefined) return undefined;
  let text = '';
  of.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  return text;
}
