import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { npm, packInto, writeFiles } from '../support/packed.js';

/**
 * The packed package inside bundles of a Nest app that has its migrations as classes. Part of `npm run acceptance`: it needs the network.
 */
const main = `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MigrationsModule } from 'nest-migrate';
import { defineDataSource } from 'nest-migrate/data-source';
class CreateUsers1700000000001 {
  name = 'CreateUsers1700000000001';
  async up(queryRunner) { await queryRunner.query('CREATE TABLE users (id int)'); }
  async down() {}
}
class AppModule {}
const dataSource = defineDataSource({ entities: [], migrations: [CreateUsers1700000000001] });
Module({ imports: [MigrationsModule.forRoot({ dataSource })] })(AppModule);
(async () => {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  console.log('booted');
  await app.close();
})();`;

/** Prints what the bundler had to say, a line for each. What Nest and TypeORM require only where it is installed stays outside. */
const bundling = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const others = /^(@nestjs\\/(microservices|websockets|platform-).*|class-(validator|transformer)|file-type|pg-native|pg-query-stream|better-sqlite3|mongodb|mssql|mysql2?|oracledb|redis|ioredis|sql\\.js|sqlite3|react-native.*|hdb-pool|expo.*|@google-cloud.*|@sap.*|typeorm-aurora.*|pg-cloudflare|cloudflare:.*)(\\/.*)?$/;
const build = {
  async esbuild() {
    const plugins = [{ name: 'others', setup: (of) => of.onResolve({ filter: others }, ({ path }) => ({ path, external: true })) }];
    const options = { entryPoints: ['main.js'], bundle: true, platform: 'node', format: 'cjs', outfile: 'out/esbuild.cjs', logLevel: 'silent', minify: true, keepNames: true, plugins };
    const { errors, warnings } = await require('esbuild').build(options).catch((failed) => failed);
    return [...errors, ...warnings].map(({ text, location }) => text + ' in ' + location?.file);
  },
  webpack: () => packed(require('webpack'), 'webpack'),
  rspack: () => packed(require('@rspack/core').rspack, 'rspack'),
  async swc() {
    const { writeFileSync, mkdirSync } = require('node:fs');
    const { code } = await require('@swc/core').transformFile('main.js', { swcrc: false, module: { type: 'commonjs' }, jsc: { target: 'es2022' } });
    mkdirSync('out', { recursive: true });
    writeFileSync('out/swc.cjs', code);
    return [];
  },
};
function packed(bundler, name) {
  const externals = [({ request }, done) => (others.test(request) ? done(null, 'commonjs ' + request) : done())];
  const options = { mode: 'production', target: 'node', entry: './main.js', optimization: { minimize: false }, output: { path: process.cwd() + '/out', filename: name + '.cjs', chunkFilename: name + '-[id].cjs' }, externals };
  return new Promise((done, fail) => bundler(options, (error, stats) => {
    if (error) return fail(error);
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true, moduleTrace: true, ids: true });
    done([...errors, ...warnings].map((one) => one.message.split('\\n')[0] + ' in ' + one.moduleName));
  }));
}
for (const said of await build[process.argv[2]]()) console.log(said);`;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-bundles-'));
  const nest = Object.fromEntries(['common', 'core', 'typeorm'].map((name) => [`@nestjs/${name}`, '^11.0.0']));
  const dependencies = {
    ...nest,
    ...{ typeorm: '^1.1.0', pg: '^8.11.0', 'reflect-metadata': '^0.2.0', rxjs: '^7.8.0' },
    'nest-migrate': `file:${packInto(dir).production}`,
  };
  const devDependencies = { esbuild: '^0.25.0', webpack: '^5.0.0', '@rspack/core': '^1.0.0', '@swc/core': '^1.10.0' };
  const manifest = JSON.stringify({ name: 'app', private: true, dependencies, devDependencies });
  writeFiles(dir, { 'package.json': manifest, 'main.js': main, 'bundling.mjs': bundling });
  npm(dir, 'install');
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.each(['esbuild', 'webpack', 'rspack', 'swc'])('%s accepts the package, and its bundle migrates', async (name) => {
  const { code, stdout, stderr } = await runNode(['bundling.mjs', name], { cwd: dir });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.split('\n').filter((line) => line.includes('nest-migrate'))).toEqual([]);
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url, NODE_ENV: 'production', NO_COLOR: '1' };
  expect(await runNode([`out/${name}.cjs`], { cwd: dir, env })).toMatchObject({ code: 0, stdout: 'booted\n' });
  expect(await database.query('SELECT name FROM migrations')).toEqual([{ name: 'CreateUsers1700000000001' }]);
  await database.drop();
});
