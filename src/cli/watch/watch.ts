import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { relative } from 'node:path';
import { ExitCode } from '../../errors.js';
import type { Io } from '../io.js';
import { Saves } from './saves.js';
import { standbyVariable } from './standby.js';
import type { Message } from './standby.js';

// Relative to the package, in which chunks are beside the folder of the command.
const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/**
 * Repeats the command after each save. Each time it is a separate process, because loaded code cannot be reloaded reliably. The next
 * process is started in advance, and waits with everything loaded except the project.
 */
export async function watchProject(io: Io, args: readonly string[]): Promise<ExitCode> {
  const stopped = new Promise<void>((resolve) => io.signal.addEventListener('abort', () => resolve(), { once: true }));
  let current: Ahead | undefined;
  let next = startAhead(args);
  let isDue = false;
  let isFirst = true;
  const follow = async (): Promise<void> => {
    isDue = true;
    if (current !== undefined) return;
    while (isDue && !io.signal.aborted) {
      isDue = false;
      current = next;
      // It writes a file before it can report that.
      saves.hold();
      await current.perform(isFirst, (files) => saves.remember(files));
      isFirst = false;
      next = startAhead(args);
      saves.release();
    }
    current = undefined;
  };
  const saves = new Saves(process.cwd(), (files) => {
    io.note(io.paint.dim(`saved: ${files.map((file) => relative(process.cwd(), file)).join(', ')}`));
    void follow();
  });
  io.note(io.paint.dim('Watching the files of this project. Press Ctrl-C to stop.'));
  void follow();
  await stopped;
  saves.close();
  await Promise.all([current?.end(), next.end()]);
  return ExitCode.done;
}

interface Ahead {
  /** Lets the process work, and waits until it has ended. It reports the files that it has written. */
  perform(isFirst: boolean, onWritten: (files: readonly string[]) => void): Promise<void>;
  end(): Promise<void>;
}

function startAhead(args: readonly string[]): Ahead {
  const child = fork(command, [...args], { env: { ...process.env, [standbyVariable]: '1' }, stdio: 'inherit' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = new Promise<void>((resolve) => child.once('message', () => resolve()));
  return {
    perform: async (isFirst, onWritten) => {
      child.on('message', (message: Message) => message.type === 'written' && onWritten(message.files));
      await Promise.race([ready, ended]);
      if (child.connected) child.send({ type: 'go', isFirst } satisfies Message);
      await ended;
    },
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
    },
  };
}
