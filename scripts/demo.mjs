// The main job on a bare machine: the example blog migrates the embedded database when it starts, and answers.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
// A folder of its own, so that the demo always begins with an empty database and leaves nothing behind.
const home = mkdtempSync(join(tmpdir(), 'nest-migrate-demo-'));
const env = {
  ...process.env,
  NODE_ENV: 'development',
  DATABASE_URL: '',
  PGHOST: '',
  PGDATABASE: '',
  NEST_MIGRATE_EMBEDDED: join(home, 'postgres'),
};

const title = (text) => console.log(`\n\u001B[1m${text}\u001B[22m`);
const show = (text) => console.log(text.trimEnd().replace(/^/gm, '  '));
const run = (file, ...args) =>
  execFileSync(process.execPath, [file, ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
const command = (...args) => {
  title(`$ nest-migrate ${args.join(' ')}`);
  show(run('dist/esm/cli/main.js', ...args));
};

async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return String(port);
}

async function bootApp() {
  const port = await freePort();
  const app = spawn(process.execPath, ['examples/dist/examples/blog/src/main.js'], {
    cwd: root,
    env: { ...env, PORT: port, NO_COLOR: '1' },
  });
  let output = '';
  await new Promise((ready, fail) => {
    const read = (text) => {
      output += text;
      if (output.includes('The blog is at')) ready();
    };
    app.stdout.setEncoding('utf8').on('data', read);
    app.stderr.setEncoding('utf8').on('data', read);
    app.on('exit', (code) => fail(new Error(`The app ended with code ${code}:\n${output}`)));
  });
  app.removeAllListeners('exit');
  const applied = output.split('\n').filter((line) => line.includes('[MigrationsModule]'));
  show(applied.map((line) => line.replace(/^.*\[MigrationsModule\] /, '')).join('\n') || 'nothing was pending');
  return {
    get: async (path) => JSON.stringify(await (await fetch(`http://127.0.0.1:${port}${path}`)).json()),
    stop: () => new Promise((done) => app.on('exit', done).kill('SIGTERM')),
  };
}

try {
  run('scripts/build.mjs');
  run('node_modules/typescript-7/bin/tsc', '-p', 'tsconfig.app.json');
  title('The blog starts on an empty embedded database, and migrates it first');
  const blog = await bootApp();
  title('GET /posts');
  show(await blog.get('/posts'));
  title('GET /health');
  show(await blog.get('/health'));
  await blog.stop();
  command('status');
  command('revert');
  command('status');
  command('run');
  title('The blog starts again');
  const again = await bootApp();
  show(`GET /posts  ${await again.get('/posts')}`);
  await again.stop();
  console.log('\nThat is all. The example is in examples/blog, data-source.ts and migrations/.');
} finally {
  rmSync(home, { recursive: true, force: true });
}
