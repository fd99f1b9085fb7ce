import { afterEach, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { serverUrl } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
afterEach(() => project.remove());

const { hostname, port } = new URL(serverUrl());
const connection = `type: 'postgres', host: '${hostname}', port: ${port}, username: 'postgres', database: 'postgres', migrations: []`;

/** The error of a status without its variables. */
async function statusOf(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly next: string; readonly stderr: string }> {
  project = createProject({ 'package.json': '{ "name": "app" }', ...files });
  const { stdout, stderr } = await runCli(['status', '--connect-timeout', '1ms', '--json'], {
    cwd: project.dir,
  });
  return { next: String((JSON.parse(stdout) as { error?: { next: string } }).error?.next), stderr };
}

it('a variable that another file reads: the error of the connection names the file that sets it', async () => {
  const { next, stderr } = await statusOf({
    'src/config.js': 'exports.password = process.env.DB_PASSWORD;',
    'data-source.js': `const { DataSource } = require('typeorm'); module.exports = new DataSource({ ${connection}, password: require('./src/config').password, host: process.env.DB_HOST ?? '127.0.0.1', port: 9 });`,
    'config/.env': 'DB_PASSWORD=x\nDB_HOST=db\nDEBUG=1\n',
    '.env.example': 'DB_PASSWORD=\nDB_HOST=db\nNAME=x\n',
  });
  const hint =
    "data-source.js reads DB_PASSWORD, DB_HOST, which config/.env sets, but nothing has loaded config/.env for this command. Add the line import { config } from 'dotenv'; config({ path: 'config/.env' }); at the top of data-source.js.";
  expect(stderr).toContain(`! ${hint}`);
  expect(next).toMatch(new RegExp(`^${hint.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}\n`));
});

it('a data source that throws because of it', async () => {
  const { next } = await statusOf({
    'data-source.js': "if (!process.env.DB_URL) throw new Error('DB_URL is required');",
    '.env': 'DB_URL=postgres://db\n',
  });
  expect(next).toContain(
    "reads DB_URL, which .env sets, but nothing has loaded .env for this command. Add the line import 'dotenv/config'",
  );
});

it('a file that is chosen by NODE_ENV, which is not set', async () => {
  const { next } = await statusOf({
    'data-source.js': `require('dotenv').config({ path: '.env.' + process.env.NODE_ENV }); const { DataSource } = require('typeorm'); module.exports = new DataSource({ ${connection}, host: process.env.DB_HOST ?? '127.0.0.1', port: 9 });`,
    '.env.development': 'DB_HOST=db\n',
    '.env.test': 'DB_HOST=db\nOTHER=1\n',
  });
  expect(next).toContain(
    'which .env.development sets, but nothing has loaded .env.development for this command. It also reads NODE_ENV, which is not set: NODE_ENV=development nest-migrate …',
  );
});

it('a file that defineDataSource does not load by itself', async () => {
  const { stderr } = await statusOf({
    'data-source.mjs': `import { defineDataSource } from 'nest-migrate/data-source'; export default defineDataSource({ baseDir: import.meta.dirname, ${connection}, host: process.env.DB_HOST ?? '127.0.0.1', port: 9 });`,
    '.env.local': 'DB_HOST=db\n',
  });
  expect(stderr).toContain("Name it in data-source.mjs: defineDataSource({ envFile: '.env.local', … })");
});

it('is not said of a file that was loaded, or of what only packages read', async () => {
  const { next, stderr } = await statusOf({
    'data-source.js': `require('dotenv').config(); const { DataSource } = require('typeorm'); module.exports = new DataSource({ ${connection}, host: process.env.DB_HOST, port: 9, extra: { log: process.env.DEBUG } });`,
    '.env': 'DB_HOST=127.0.0.1\n',
    '.env.local': 'DEBUG=1\n',
  });
  expect(next + stderr).not.toContain('nothing has loaded');
});

it('a file beside one that was loaded is only named if the connection fails', async () => {
  const { next, stderr } = await statusOf({
    'data-source.js': `require('dotenv').config(); const { DataSource } = require('typeorm'); module.exports = new DataSource({ ${connection}, host: process.env.DB_HOST, port: 9, password: process.env.DB_PASSWORD });`,
    '.env': 'DB_HOST=127.0.0.1\n',
    '.development.env': 'DB_PASSWORD=x\n',
  });
  expect(stderr).not.toContain('nothing has loaded');
  expect(next).toContain('data-source.js reads DB_PASSWORD, which .development.env sets, but nothing has loaded');
});

it('a file that is chosen by NODE_ENV, if only a package reads NODE_ENV', async () => {
  const { next } = await statusOf({
    'node_modules/mode/index.js': 'module.exports = process.env.NODE_ENV;',
    'data-source.js': `require('mode'); const { DataSource } = require('typeorm'); module.exports = new DataSource({ ${connection}, host: process.env.DB_HOST ?? '127.0.0.1', port: 9 });`,
    '.env.dev': 'DB_HOST=db\n',
  });
  expect(next).toContain("config({ path: '.env.dev' });");
  expect(next).not.toContain('NODE_ENV');
});

it.each([
  ['that it reads itself', "const url = process.env.DB_URL; url.charAt(0); throw new Error('unreachable');"],
  ['that it reads by a package', "const { get } = require('config-of'); get('DB_URL').charAt(0);"],
])('a data source that fails because of a variable %s', async (_what, code) => {
  const { next } = await statusOf({
    'node_modules/config-of/index.js': 'exports.get = (name) => (process.env.OTHER, process.env[name]);',
    'data-source.js': code,
  });
  expect(next).toMatch(
    /^DB_URL is read, but not set\. If data-source\.js needs it: set it in the environment, or in the file that sets the other variables \(\.env\)\.\nCorrect that file/,
  );
});

it('a constant that is used too early is not a class', async () => {
  const { next } = await statusOf({ 'data-source.js': 'const url = host + 1; const host = 1;' });
  expect(next).toMatch(/^host is used before the line that declares it is executed\. Move that line up;/);
});

it('a data source without any address, because a variable is not set', async () => {
  const { next } = await statusOf({
    'data-source.js': `const { DataSource } = require('typeorm'); module.exports = new DataSource({ type: 'postgres', url: process.env.DB_URL, migrations: [] });`,
  });
  expect(next).toMatch(/^DB_URL is read, but not set\. If data-source\.js needs it/);
});

it('a data source that names another variable', async () => {
  const { next } = await statusOf({
    'data-source.js': `process.env.DB_FLAG; throw new Error('Config validation error: "DB_SECRET" is required');`,
  });
  expect(next).toMatch(/^Set DB_SECRET in the environment/);
});

it('not a data source that is refused', async () => {
  const { next } = await statusOf({
    'data-source.js': `process.env.DB_URL; module.exports = { type: 'mysql' };`,
  });
  expect(next).not.toContain('DB_URL');
});

it.each(["require('not-installed')", 'const { = 1'])(
  'not a data source that fails because of its files: %s',
  async (code) => {
    const { next } = await statusOf({ 'data-source.js': `process.env.DB_URL; ${code};` });
    expect(next).not.toContain('DB_URL');
    project.remove();
    const inside = await statusOf({
      'data-source.js': `process.env.DB_URL; require('./other')`,
      'other.js': `${code};`,
    });
    expect(inside.next).not.toContain('DB_URL');
  },
);
