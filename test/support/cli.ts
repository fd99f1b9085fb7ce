import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

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
}

const bin = resolve('dist/esm/cli/main.js');

/** Starts the built command in a project, with a clean environment. */
export function startCli(args: readonly string[], where: Where): RunningCli {
  return startNode([bin, ...args], where);
}

export function startNode(args: readonly string[], where: Where): RunningCli {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [...args], { cwd: where.cwd, env: { PATH, HOME, ...where.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const result = new Promise<CliResult>((done) => child.on('close', (code, signal) => done({ code, signal, stdout, stderr })));
  return { process: child, result };
}

export async function runCli(args: readonly string[], where: Where): Promise<CliResult> {
  return startCli(args, where).result;
}

export async function runNode(args: readonly string[], where: Where): Promise<CliResult> {
  return startNode(args, where).result;
}
