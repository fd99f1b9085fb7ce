// The one command that says whether the tree is good. Quick steps come first; each says how long it took.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-check-'));
const [tarball, devTarball] = ['package.tgz', 'dev.tgz'].map((name) => join(dir, name));
const tool = (name, ...args) => [join('node_modules', '.bin', name), ...args];
const script = (...args) => [process.execPath, ...args];

const steps = [
  ['build', script('scripts/build.mjs')],
  ['types', script('node_modules/typescript-7/bin/tsc', '--noEmit', '-p', 'tsconfig.json')],
  ['unused code', tool('knip', '--no-progress')],
  ['lint', tool('oxlint', '--type-aware', '--disable-nested-config', '--deny-warnings')],
  ['format', tool('prettier', '--check', '--log-level', 'warn', '.')],
  ['words', script('scripts/words.mjs')],
  ['rules', script('scripts/rules-doc.mjs', '--check')],
  ['package contents', script('scripts/package-contents.mjs', 'nest-migrate', tarball)],
  ['package exports', tool('publint', 'run', tarball, '--strict')],
  ['package types', tool('attw', tarball, '--no-emoji', '--format', 'ascii')],
  ['dev contents', script('scripts/package-contents.mjs', 'nest-migrate-dev', devTarball)],
  ['dev exports', tool('publint', 'run', devTarball, '--strict')],
  ['dev types', tool('attw', devTarball, '--no-emoji', '--format', 'ascii', '--profile', 'esm-only')],
  ['tests', script('scripts/test.mjs')],
];

async function perform([command, ...args]) {
  const started = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = await new Promise((done) => {
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(code ?? signal));
  });
  return { good: ended === 0, output, seconds: ((performance.now() - started) / 1000).toFixed(1) };
}

const failed = [];
try {
  for (const [name, command] of steps) {
    const { good, output, seconds } = await perform(command);
    const summary = /^\d+ passed, \d+ failed$/m.exec(output)?.[0];
    console.log(`${good ? '✔' : '✖'} ${name.padEnd(18)}${seconds.padStart(6)} s${summary ? `  ${summary}` : ''}`);
    if (good) continue;
    failed.push(name);
    console.log(output.trimEnd().replace(/^/gm, '    '));
    // Without a build, the types, the package and the tests would only say so again.
    if (name === 'build') break;
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
if (failed.length > 0) console.log(`\nNot good yet: ${failed.join(', ')}.`);
process.exitCode = failed.length > 0 ? 1 : 0;
