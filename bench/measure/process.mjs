import { spawn } from 'node:child_process';

export const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Our own npm and editor must not be heard by what is measured. */
export const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|PG|DATABASE_URL|NEST_MIGRATE|INIT_CWD)/i.test(name)),
);
const quiet = { NO_COLOR: '1', CI: '1', TZ: 'UTC' };

/** One whole process, by the wall clock. What ends otherwise than it should is an error of the bench, never a figure. */
export async function runProcess([program, ...args], { cwd, env = {}, codes = [0] }) {
  const started = process.hrtime.bigint();
  const child = spawn(program, args, {
    cwd,
    env: { ...inherited, ...quiet, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let seconds;
  let output = '';
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = await new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', () => (seconds = Number(process.hrtime.bigint() - started) / 1e9));
    child.on('close', (code, signal) => done(code ?? signal));
  }).finally(() => running.delete(child));
  if (!codes.includes(ended)) {
    throw new Error(`${[program, ...args].join(' ')}\nin ${cwd} ended with ${ended}:\n${output.slice(-4000)}`);
  }
  return { seconds, stdout, output };
}

/** A Node of the same version, with a file of a package. */
export const node = (...args) => [process.execPath, ...args];
