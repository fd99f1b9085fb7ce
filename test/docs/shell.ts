import { Command, CommanderError } from 'commander';
import { addCommand, optionOf } from '../../src/cli/command.js';
import { deployment } from '../../src/cli/deployment.js';
import { development } from '../../src/cli/development.js';
import { globalOptions } from '../../src/cli/global-options.js';

/** The commands of `nest-migrate` in a text as a shell would read it, without `nest-migrate` itself. */
export function commandsIn(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .flatMap((line) => partsOf(line))
    .map((words) => words.filter((word, index) => !(index === 0 && word === 'npx')))
    .filter(([first]) => first === 'nest-migrate')
    .map((words) => words.slice(1));
}

/** A line, cut at `|`, `||`, `&&`, `;` and `>`; a comment ends it. */
function partsOf(line: string): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const [token, double, single] of line.matchAll(
    /"([^"]*)"|'([^']*)'|<[^<>\s]+>|\|\|?|&&|;|>|#.*|[^\s"'|&;#>]+/g,
  )) {
    if (token.startsWith('#')) break;
    if (/^(?:\|\|?|&&|;|>)$/.test(token)) parts.push([]);
    else parts.at(-1)?.push(double ?? single ?? token);
  }
  return parts;
}

/** What is wrong with a command: an unknown flag, a missing argument, two flags that exclude each other. */
export async function problemWith(args: readonly string[]): Promise<string | undefined> {
  const program = new Command('nest-migrate')
    .version('0', '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const flag of globalOptions) program.addOption(optionOf(flag));
  for (const description of [...deployment.commands, ...development.commands])
    addCommand(program, description).action(() => undefined);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : error.message;
    throw error;
  }
}
