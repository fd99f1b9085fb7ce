import { join } from 'node:path';
import { startNode } from '../support/cli.js';
import type { RunningCli } from '../support/cli.js';
import type { Proxy } from '../support/proxy.js';
import { startProxy } from '../support/proxy.js';

export type Part = 'run' | 'revert' | 'app';

export interface Ended {
  readonly part: Part;
  readonly deploy: 'first' | 'second';
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The longest time in which it said nothing. */
  readonly silentMs: number;
  /** When it got SIGTERM first, by the clock. */
  readonly termedAt: number | undefined;
  /** How long it took to end after the first SIGTERM. */
  readonly partingMs: number | undefined;
  /** It was still there when everything else was over. */
  readonly isHung: boolean;
}

export interface Actor {
  readonly part: Part;
  /** What lies between it and the server; undefined where it connects directly. */
  readonly proxy: Proxy | undefined;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Comes true when it has begun to print its result. */
  readonly told: Promise<unknown>;
  readonly isOver: () => boolean;
  kill(signal: NodeJS.Signals): void;
  /** Ends it when it has not ended by itself: it hangs. */
  endHung(): void;
}

interface Start {
  readonly part: Part;
  readonly deploy: 'first' | 'second';
  readonly dir: string;
  /** Where the package lies: the one that is shipped, or a mutant of it. */
  readonly installed: string;
  readonly url: string;
  readonly through: 'proxy' | 'nothing';
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a process that migrates, or an app that does when it boots. */
export async function startActor({ part, deploy, dir, installed, url, through, args, env }: Start): Promise<Actor> {
  const proxy = through === 'proxy' ? await startProxy(url) : undefined;
  const command = part === 'app' ? ['app.js'] : [join(installed, 'dist/esm/cli/main.js'), part, '--json', ...args];
  const running = startNode(command, { cwd: dir, env: { ...env, DATABASE_URL: proxy?.url ?? url } });
  const pid = running.process.pid ?? 0;
  let over = false;
  let termed: { readonly at: number; readonly clock: number } | undefined;
  let hung = false;
  const quiet = watchSilence(running);
  const ended = running.result.then(async ({ code, signal, stdout, stderr }) => {
    over = true;
    const partingMs = termed && performance.now() - termed.at;
    await proxy?.close();
    return {
      part,
      deploy,
      pid,
      code,
      signal,
      stdout,
      stderr,
      silentMs: quiet(),
      termedAt: termed?.clock,
      partingMs,
      isHung: hung,
    };
  });
  const printed = new Promise((done) => running.process.stdout?.once('data', done));
  return {
    part,
    proxy,
    pid,
    ended,
    told: Promise.race([printed, ended]),
    isOver: () => over,
    kill: (signal) => {
      if (signal === 'SIGTERM') termed ??= { at: performance.now(), clock: Date.now() };
      running.process.kill(signal);
    },
    endHung: () => {
      hung = true;
      running.process.kill('SIGKILL');
    },
  };
}

function watchSilence({ process: child }: RunningCli): () => number {
  let last = performance.now();
  let longest = 0;
  const heard = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  child.stdout?.on('data', heard);
  child.stderr?.on('data', heard);
  return () => {
    heard();
    return longest;
  };
}
