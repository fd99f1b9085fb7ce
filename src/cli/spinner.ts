import yoctoSpinner from 'yocto-spinner';
import type { Io } from './io.js';

/** Shows at a terminal what a long command is doing. It disappears when the command prints something. */
export async function withSpinner<T>(io: Io, work: (io: Io) => Promise<T>): Promise<T> {
  if (!isWatched(io)) return work(io);
  // Ctrl-C is handled elsewhere: the running statement is cancelled before the process ends.
  const spinner = yoctoSpinner({ stream: process.stderr, handleSignals: false });
  const stop = (): void => void spinner.stop();
  const start = (): void => void (io.signal.aborted || spinner.text === '' || spinner.start());
  const show = (text: string): void => {
    if (text === '') stop();
    if (text !== spinner.text) spinner.text = text;
    start();
  };
  io.signal.addEventListener('abort', stop);
  // The user's code may end the process, and the cursor would stay hidden.
  process.on('exit', stop);
  try {
    return await work({
      ...io,
      stage: show,
      bar: show,
      asking: async (question) => {
        stop();
        try {
          return await question();
        } finally {
          start();
        }
      },
      result: (...given) => {
        stop();
        io.result(...given);
      },
    });
  } finally {
    stop();
    io.signal.removeEventListener('abort', stop);
    process.off('exit', stop);
  }
}

function isWatched({ format, quiet }: Io): boolean {
  const isTerminal = process.stderr.isTTY && process.env['TERM'] !== 'dumb';
  return isTerminal && format === 'human' && !quiet && process.env['CI'] === undefined;
}
