import { createInterface } from 'node:readline/promises';
import type { Ask } from '../commands/generate/types.js';
import { cancelled } from '../database/cancel.js';
import { importForDevelopment } from '../development.js';
import { wrapped } from './io.js';
import type { Io } from './io.js';

/** Questions at a terminal; undefined if there is no terminal to answer them. */
export function terminal(io: Io): Ask | undefined {
  if (io.format === 'json' || !process.stdin.isTTY || !process.stderr.isTTY || process.env['CI']) return undefined;
  return {
    text: (question) => ask(question.length > 60 ? `${wrapped(question).join('\n')}\n> ` : `${question} `, io),
    confirm: async (question) => /^y(?:es)?$/i.test((await ask(`${question} (y/N) `, io)).trim()),
    choose: (question, choices) => choose(question, choices, io),
  };
}

async function ask(question: string, io: Io): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal is in raw mode here, so Ctrl-C is a key rather than a signal. Ctrl-D closes the input, after which no answer would arrive.
  prompt.on('SIGINT', () => process.emit('SIGINT', 'SIGINT'));
  const closed = new Promise<never>((_resolve, reject) =>
    prompt.on('close', () => reject(cancelled(io.signal, 'Nothing was written.'))),
  );
  try {
    return await io.asking(() => Promise.race([prompt.question(question, { signal: io.signal }), closed]));
  } catch (error) {
    process.stderr.write('\n');
    throw io.signal.aborted ? cancelled(io.signal, 'Nothing was written.') : error;
  } finally {
    prompt.close();
  }
}

/** The part of @clack/prompts that is used. */
interface Prompts {
  select(options: {
    readonly message: string;
    readonly options: readonly { readonly label: string; readonly value: string }[];
    readonly output: NodeJS.WritableStream;
    readonly signal: AbortSignal;
  }): Promise<string | symbol>;
  isCancel(answer: string | symbol): answer is symbol;
}

/** With the arrow keys. Only commands of development let a person choose. */
async function choose(
  question: string,
  choices: readonly { readonly title: string; readonly value: string }[],
  { asking, signal }: Io,
): Promise<string> {
  const { isCancel, select } = await importForDevelopment<Prompts>('prompts', 'Choosing from a list needs');
  const options = choices.map(({ title: label, value }) => ({ label, value }));
  const answer = await asking(() => select({ message: question, options, output: process.stderr, signal }));
  if (!isCancel(answer)) return answer;
  // Ctrl-C and Escape are keys here and no signals.
  throw cancelled(signal, 'Nothing was written.');
}
