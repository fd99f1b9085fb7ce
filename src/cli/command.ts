import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { OtherCommand } from './other-tools.js';
import type { collect, count, countFromZero, majorVersion, steps } from './values.js';

type Handlers = typeof import('./handlers.js').handlers;
/** Creates the function that commander calls for a command. */
export type Action = (name: keyof Handlers) => (...given: unknown[]) => Promise<void>;

/** A command as data: adding a flag needs no code. */
export interface Description {
  readonly name: keyof Handlers;
  readonly summary: string;
  readonly argument?: readonly [name: string, summary: string, choices?: readonly string[]];
  readonly options: readonly Flag[];
  /** Examples without `npx nest-migrate`. */
  readonly examples: readonly string[];
}

export interface Flag {
  readonly flags: string;
  readonly summary: string;
  readonly parse?: typeof collect | typeof count | typeof countFromZero | typeof majorVersion | typeof steps;
  readonly choices?: readonly string[];
  /** Flags that exclude this one, with commander's names: `dryRun`. */
  readonly conflicts?: readonly string[];
}

/** Related commands, with their heading in `--help`. */
export interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly Description[];
}

export function addCommand(program: Command, description: Description): Command {
  const { summary } = description;
  const made = program
    .command(description.name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError(`(see nest-migrate ${description.name} --help)`)
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'print this help');
  if (description.argument) made.addArgument(argumentOf(...description.argument));
  for (const flag of description.options) made.addOption(optionOf(flag));
  return made.addHelpText('after', `\n${examples(description.examples)}\n${globalOptions}\n${exitCodes}`);
}

/** A command that only names ours, whatever arguments follow. */
export function addHint(program: Command, { word }: OtherCommand): Command {
  return program
    .command(word, { hidden: true })
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .exitOverride();
}

function argumentOf(name: string, summary: string, choices?: readonly string[]): Argument {
  const argument = new Argument(name, summary);
  return choices ? argument.choices([...choices]) : argument;
}

export function optionOf({ flags, summary, parse, choices, conflicts }: Flag): Option {
  const option = new Option(flags, summary);
  if (parse) option.argParser(parse as (text: string, earlier: unknown) => unknown);
  if (choices) option.choices(choices);
  return conflicts ? option.conflicts([...conflicts]) : option;
}

function examples(lines: readonly string[]): string {
  return `Examples:\n${lines.map((line) => `  $ npx nest-migrate ${line}`).join('\n')}\n`;
}

const globalOptions = `Global options: --data-source, --app, --json, --quiet, --verbose, timeouts and
policies. See nest-migrate --help.
`;

export const exitCodes = 'Exit codes: 0 done, 1 failed, 2 usage or configuration error, 3 action needed\n';
