import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { relative } from 'node:path';
import { keepEmbeddedOpen } from '../../data-source/embedded.js';
import { ExitCode } from '../../errors.js';
import type { Io } from '../io.js';
import { Saves } from './saves.js';
import { standbyVariable } from './standby.js';
import type { Message, Written } from './standby.js';

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
      const { embedded } = await current.perform(isFirst, (files) => saves.remember(files));
      isFirst = false;
      // A process that is started now would not be ended.
      if (io.signal.aborted) break;
      next = startAhead(args);
      for (const dir of embedded) keepOpen(dir);
      saves.release();
    }
    current = undefined;
  };
  // The next process uses it through this one, instead of opening it again.
  const kept = new Set<string>();
  const keepOpen = (dir: string): void => {
    if (kept.has(dir)) return;
    kept.add(dir);
    keepEmbeddedOpen(dir).catch(() => kept.delete(dir));
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
  perform(isFirst: boolean, onWritten: (files: readonly string[]) => void): Promise<Pick<Written, 'embedded'>>;
  end(): Promise<void>;
}

function startAhead(args: readonly string[]): Ahead {
  const child = fork(command, [...args], { env: { ...process.env, [standbyVariable]: '1' }, stdio: 'inherit' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = new Promise<void>((resolve) => child.once('message', () => resolve()));
  return {
    perform: async (isFirst, onWritten) => {
      let embedded: Written['embedded'] = [];
      child.on('message', (message: Message) => {
        if (message.type !== 'written') return;
        ({ embedded } = message);
        onWritten(message.files);
      });
      await Promise.race([ready, ended]);
      if (child.connected) child.send({ type: 'go', isFirst } satisfies Message);
      await ended;
      return { embedded };
    },
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
    },
  };
}
