import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

type Handlers = typeof import('./handlers.js').handlers;
/** Makes what commander calls for a command. */
export type Action = (name: keyof Handlers) => (...given: unknown[]) => Promise<void>;

/** A command, described as all others are. */
export function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .exitOverride()
    .showSuggestionAfterError()
    .allowExcessArguments(false);
}

/** A command as data: adding a flag needs no code. */
export interface Description {
  readonly name: keyof Handlers;
  readonly says: string;
  readonly argument?: readonly [name: string, says: string];
  readonly options: readonly Flag[];
  /** Without `npx nest-migrate` before them. */
  readonly examples: readonly string[];
}

interface Flag {
  readonly flags: string;
  readonly says: string;
  readonly parse?: typeof collect | typeof count | typeof steps;
  readonly choices?: readonly string[];
}

export function described(program: Command, description: Description): Command {
  const made = command(program, description.name, description.says);
  if (description.argument) made.argument(...description.argument);
  for (const { flags, says, parse, choices } of description.options) {
    const option = new Option(flags, says);
    if (parse) option.argParser(parse as (text: string, earlier: unknown) => unknown);
    made.addOption(choices ? option.choices(choices) : option);
  }
  return made.addHelpText('after', examples(...description.examples));
}

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ npx nest-migrate ${line}`).join('\n')}\n${exitCodes}`;
}

export const exitCodes = '\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 there is something to do\n';

export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

export function count(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** A newer server than those that are known is taken for the newest of them. */
export function majorVersion(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 14 && Number(text) < 100) return Number(text);
  throw new InvalidArgumentError('It must be a major version of PostgreSQL from 14 on, such as 16.');
}

export function countFromZero(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

export const checkSteps = ['files', 'branches', 'replay', 'entities', 'lint'];

export function steps(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => checkSteps.includes(name))) return names;
  throw new InvalidArgumentError(
    `The steps are ${checkSteps.join(', ')}; the database has a flag of its own: --database`,
  );
}
