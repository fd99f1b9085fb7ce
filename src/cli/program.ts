import { Command, CommanderError } from 'commander';
import { ExitCode } from '../errors.js';
import { withoutPasswords } from '../passwords.js';
import { packageVersion } from '../version.js';
import { addCommand, addHint, exitCodes, optionOf } from './command.js';
import type { Action } from './command.js';
import { deployment } from './deployment.js';
import { development } from './development.js';
import type { GlobalFlags } from './flags.js';
import { globalOptions } from './global-options.js';
import { helpOn } from './help-on.js';
import { otherTools } from './other-tools.js';
import type { SourceInApp } from './io.js';

/**
 * The command line itself; it returns the exit code. Only what `--help` needs is imported here, and the rest is loaded when a command runs.
 * Inside an app (nest-commander), the app's own data source is used, and no file is searched for.
 */
export async function runProgram(args: readonly string[], inApp?: SourceInApp): Promise<number> {
  let code: ExitCode = ExitCode.done;
  const program = describeProgram(args, (name) => async (...given) => {
    const command = given.at(-1) as Command;
    const { perform } = await import('./perform.js');
    const { handlers } = await import('./handlers.js');
    const flags = command.optsWithGlobals<GlobalFlags>();
    // After `init`, package.json names what its flags have named, so that no command needs them.
    const { dataSource: _, app: __, ...others } = flags;
    code = await perform(name === 'init' ? others : flags, inApp, (io) =>
      (handlers[name] as (...values: unknown[]) => Promise<ExitCode>)(io, flags, ...given.slice(0, -2)),
    );
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are not errors. For all other errors, commander has already printed the message.
    if (error.exitCode === 0) return ExitCode.done;
    if (args.includes('--json')) {
      const message = withoutArguments(error.message.replace(/^error: /, ''), args);
      const wrongUsage = { code: 'USAGE', message, next: 'nest-migrate --help', help: helpOn('USAGE') };
      process.stdout.write(`${JSON.stringify({ error: wrongUsage })}\n`);
    }
    return ExitCode.usage;
  }
}

/** commander quotes arguments that it does not understand, which may include an address in the wrong place. */
function withoutArguments(text: string, args: readonly string[]): string {
  const addresses = args.map((argument) => argument.replace(/^--?[\w-]+=?/, '')).filter((value) => /[:@]/.test(value));
  return withoutPasswords(addresses.reduce((safe, address) => safe.replaceAll(address, '***'), text));
}

function describeProgram(args: readonly string[], action: Action): Command {
  const program = new Command('nest-migrate')
    .description('TypeORM migrations for NestJS on PostgreSQL, safe to run anywhere.')
    .version(packageVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(see nest-migrate --help)')
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutArguments(text, args)) })
    // Only the names of commands are listed, which leaves more room for their descriptions.
    .configureHelp({ subcommandTerm: (command) => command.name() });
  for (const flag of globalOptions) program.addOption(optionOf(flag));
  for (const { heading, commands } of [deployment, development])
    for (const description of commands) {
      const { name } = description;
      addCommand(program, description)
        .helpGroup(heading)
        .action(name === 'help' ? helpAction(program, action) : action(name));
    }
  for (const other of otherTools)
    addHint(program, other).action((_args: unknown, ...more: unknown[]) => action('otherCommand')(other, ...more));
  return program.addHelpText('after', `\n${exitCodes}`);
}

/** `help` can show the help of a command as well as pages, so the handler gets a function for the former. */
function helpAction(program: Command, action: Action): (...given: unknown[]) => Promise<void> {
  const textOf = (name: string | undefined) => helpText(name === undefined ? program : named(program, name));
  return (topic: unknown, ...more) => action('help')(topic, textOf, ...more);
}

function named(program: Command, name: string): Command | undefined {
  return program
    .createHelp()
    .visibleCommands(program)
    .find((one) => one.name() === name);
}

/** The text that `--help` prints, including the examples, which `helpInformation()` leaves out. */
function helpText(of: Command | undefined): string | undefined {
  if (of === undefined) return undefined;
  let text = '';
  of.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  return text;
}
