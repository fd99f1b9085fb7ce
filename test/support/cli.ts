import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll } from '@jest/globals';

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly result: Promise<CliResult>;
}

interface Where {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads from its standard input, which is closed otherwise. */
  readonly input?: string;
}

const bin = resolve('dist/esm/cli/main.js');
const running = new Set<ChildProcess>();

// A test that fails halfway must not leave its processes behind.
afterAll(() => running.forEach((child) => child.kill('SIGKILL')));

/** Starts the built command in a project, with a clean environment. */
export function startCli(args: readonly string[], where: Where): RunningCli {
  return startNode([bin, ...args], where);
}

export function startNode(args: readonly string[], where: Where): RunningCli {
  const { PATH, HOME, NEST_MIGRATE_CACHE } = process.env;
  const child = spawn(process.execPath, [...args], {
    cwd: where.cwd,
    env: { PATH, HOME, NEST_MIGRATE_CACHE, ...where.env },
    stdio: 'pipe',
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that ends before it has read its input is no failure of the test.
  child.stdin.on('error', () => undefined).end(where.input);
  const result = new Promise<CliResult>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      running.delete(child);
      done({ code, signal, stdout, stderr });
    });
  });
  return { process: child, result };
}

export async function runCli(args: readonly string[], where: Where): Promise<CliResult> {
  return startCli(args, where).result;
}

export async function runNode(args: readonly string[], where: Where): Promise<CliResult> {
  return startNode(args, where).result;
}
