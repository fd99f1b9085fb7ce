import { fork } from 'node:child_process';
import { once } from 'node:events';
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

/** Files that a process reads when it starts: settings, environment, compiler options. */
const readAtStart = /(?:\.json|[\\/]\.env[^\\/]*)$/;

/**
 * Repeats the command after each save, in another process, which is started in advance and keeps everything loaded except the project. It
 * performs one save after the other, until it ends by itself or what it has read at the start has changed.
 */
export async function watchProject(io: Io, args: readonly string[]): Promise<ExitCode> {
  const stopped = new Promise<void>((resolve) => io.signal.addEventListener('abort', () => resolve(), { once: true }));
  let worker = startWorker(args);
  let isDue = false;
  let isBusy = false;
  let isFirst = true;
  let isOutdated = false;
  const renew = async (): Promise<void> => {
    await worker.end();
    // A process that is started now would not be ended.
    if (!io.signal.aborted) worker = startWorker(args);
  };
  const follow = async (): Promise<void> => {
    isDue = true;
    if (isBusy) return;
    isBusy = true;
    while (isDue && !io.signal.aborted) {
      isDue = false;
      if (isOutdated) await renew();
      isOutdated = false;
      // It writes a file before it can report that.
      saves.hold();
      const { embedded, next } = await worker.perform(isFirst, (files) => saves.remember(files));
      isFirst = false;
      if (next !== 'ready') await renew();
      if (next === 'again') isDue = true;
      for (const dir of embedded) keepOpen(dir);
      saves.release();
    }
    isBusy = false;
  };
  // The worker uses it through this process, instead of opening it again.
  const kept = new Set<string>();
  const keepOpen = (dir: string): void => {
    if (kept.has(dir)) return;
    kept.add(dir);
    keepEmbeddedOpen(dir).catch(() => kept.delete(dir));
  };
  const saves = new Saves(process.cwd(), (files) => {
    io.note(io.paint.dim(`saved: ${files.map((file) => relative(process.cwd(), file)).join(', ')}`));
    isOutdated ||= files.some((file) => readAtStart.test(file));
    void follow();
  });
  io.note(io.paint.dim('Watching the files of this project. Press Ctrl-C to stop.'));
  void follow();
  await stopped;
  saves.close();
  await worker.end();
  return ExitCode.done;
}

interface Performed extends Pick<Written, 'embedded'> {
  /** Whether the process waits for the next save, or has ended; `again` if the next one is to do the same. */
  readonly next: 'ready' | 'ended' | 'again';
}

interface Worker {
  /** Lets the process work, and waits until it has finished. It reports the files that it has written. */
  perform(isFirst: boolean, onWritten: (files: readonly string[]) => void): Promise<Performed>;
  end(): Promise<void>;
}

function startWorker(args: readonly string[]): Worker {
  const child = fork(command, [...args], { env: { ...process.env, [standbyVariable]: '1' }, stdio: 'inherit' });
  // Its last message may arrive after its end.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(() => 'ended' as const);
  const isReady = (): Promise<'ready'> =>
    new Promise((resolve) => {
      child.on('message', function listen({ type }: Message) {
        if (type !== 'ready') return;
        child.off('message', listen);
        resolve('ready');
      });
    });
  let ready = isReady();
  return {
    perform: async (isFirst, onWritten) => {
      let embedded: Written['embedded'] = [];
      let isAgain = false;
      const listen = (message: Message): void => {
        if (message.type === 'again') isAgain = true;
        if (message.type !== 'written') return;
        ({ embedded } = message);
        onWritten(message.files);
      };
      child.on('message', listen);
      await Promise.race([ready, ended]);
      ready = isReady();
      if (child.connected) child.send({ type: 'go', isFirst } satisfies Message);
      const next = await Promise.race([ready, ended]);
      child.off('message', listen);
      return { embedded, next: isAgain ? 'again' : next };
    },
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
    },
  };
}
