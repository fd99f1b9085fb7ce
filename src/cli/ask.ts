import { createInterface } from 'node:readline/promises';
import type { Ask } from '../commands/generate/types.js';
import { cancelled } from '../database/cancel.js';
import { wrapped } from './io.js';
import type { Io } from './io.js';

/** Questions at a terminal; undefined if there is no terminal to answer them. */
export function terminal(io: Io): Ask | undefined {
  if (io.format === 'json' || !process.stdin.isTTY || !process.stderr.isTTY || process.env['CI']) return undefined;
  return {
    text: (question) => ask(question.length > 60 ? `${wrapped(question).join('\n')}\n> ` : `${question} `, io),
    confirm: async (question) => /^y(?:es)?$/i.test((await ask(`${question} (y/N) `, io)).trim()),
    choose: async (question, choices) => {
      const list = choices.map(({ title }, index) => `  ${index + 1}) ${title}`).join('\n');
      for (;;) {
        const answer = Number(await ask(`${question}\n${list}\n1-${choices.length}: `, io));
        const chosen = choices[answer - 1];
        if (chosen) return chosen.value;
      }
    },
  };
}

async function ask(question: string, io: Io): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal is in raw mode here, so Ctrl-C is a key and no signal; Ctrl-D closes the input, and no answer would ever come.
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
