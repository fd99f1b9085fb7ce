import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listMigrations } from '../../src/files/list-migrations.js';
import type { Listing, MigrationList } from '../../src/files/migration.js';
import { sourceFolderOf } from '../../src/files/outputs.js';
import type { Sources } from '../../src/files/outputs.js';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'nest-migrate-outputs-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;

const write = (files: Files): void => {
  for (const [path, text] of Object.entries(files)) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
};
const config = (options: object, more: object = {}): string =>
  `// As tsc writes it.\n${JSON.stringify({ compilerOptions: options, ...more }).replace(/\}$/, ',}')}`;
const app = { 'package.json': '{}', 'src/main.ts': '' };
const outDir = config({ outDir: './dist', /* a path of another kind */ paths: { '@/*': ['src/*'] } });

describe('the source folder', () => {
  it.each<readonly [what: string, files: Files, output: string, source: string | undefined]>([
    ['src, by outDir', { ...app, 'tsconfig.json': outDir }, 'dist/migrations', 'src/migrations'],
    [
      'by what the configuration extends',
      {
        ...app,
        'config/base.json': config({ outDir: '../dist' }),
        'tsconfig.json': config({}, { extends: ['./config/base'] }),
      },
      'dist/m',
      'src/m',
    ],
    [
      'by ${configDir}',
      {
        ...app,
        'config/base.json': config({ outDir: '${configDir}/dist', rootDir: '${configDir}/app' }),
        'tsconfig.json': config({}, { extends: './config/base.json' }),
      },
      'dist/m',
      'app/m',
    ],
    [
      'by the configuration of a package',
      {
        ...app,
        'node_modules/base/package.json': '{ "name": "base" }',
        'node_modules/base/tsconfig.json': config({ outDir: '../../dist' }),
        'tsconfig.json': config({}, { extends: 'base/tsconfig.json' }),
      },
      'dist/m',
      'src/m',
    ],
    [
      'by a referenced project',
      {
        ...app,
        'tsconfig.json': config({}, { files: [], references: [{ path: './tsconfig.lib.json' }] }),
        'tsconfig.lib.json': outDir,
      },
      'dist/m',
      'src/m',
    ],
    [
      'by rootDir',
      { ...app, 'tsconfig.json': config({ outDir: 'dist', rootDir: '.' }) },
      'dist/src/migrations',
      'src/migrations',
    ],
    [
      'by rootDir if two folders exist',
      { ...app, 'src/m/x.ts': '', 'm/x.ts': '', 'tsconfig.json': config({ outDir: 'dist', rootDir: 'src' }) },
      'dist/m',
      'src/m',
    ],
    [
      'by the output',
      { ...app, 'dist/src/main.js': '', 'tsconfig.json': outDir, 'src/m/x.ts': '', 'm/x.ts': '' },
      'dist/m',
      'm',
    ],
    [
      'by the only folder that exists',
      { ...app, 'jest.config.ts': '', 'src/m/x.ts': '', 'tsconfig.json': outDir },
      'dist/m',
      'src/m',
    ],
    [
      'not a folder without anything to compile',
      { ...app, 'migrations/by-hand.sql': '', 'dist/main.js': '', 'tsconfig.json': outDir },
      'dist/migrations',
      'src/migrations',
    ],
    ['by a folder within the output', { ...app, 'tsconfig.json': outDir }, 'dist/src/m', 'src/m'],
    ['without a configuration, by its usual name', app, 'dist/migrations', 'src/migrations'],
    [
      'by a source map',
      { ...app, 'lib/db/m/one.ts': '', 'out/a/m/one.js.map': '{ "sources": ["../../../lib/db/m/one.ts"] }' },
      'out/a/m',
      'lib/db/m',
    ],
    [
      'not by a map whose folder is gone',
      { ...app, 'dist/m/one.js.map': '{ "sources": ["../../old/m/one.ts"] }' },
      'dist/m',
      'src/m',
    ],
    [
      'of an app in a Nest workspace',
      {
        'package.json': '{}',
        'apps/api/src/main.ts': '',
        'nest-cli.json':
          '{ "projects": { "api": { "sourceRoot": "apps/api/src", "compilerOptions": { "tsConfigPath": "apps/api/tsconfig.app.json" } } } }',
        'tsconfig.json': outDir,
        'apps/api/tsconfig.app.json': config({ outDir: '../../dist/apps/api' }, { extends: '../../tsconfig.json' }),
      },
      'dist/apps/api/m',
      'apps/api/src/m',
    ],
    [
      'of an app that shares code',
      {
        'package.json': '{}',
        'apps/api/src/m/x.ts': '',
        'nest-cli.json':
          '{ "projects": { "api": { "sourceRoot": "apps/api/src", "compilerOptions": { "tsConfigPath": "apps/api/tsconfig.app.json" } } } }',
        'apps/api/tsconfig.app.json': config({ outDir: '../../dist/apps/api' }),
      },
      'dist/apps/api/apps/api/src/m',
      'apps/api/src/m',
    ],
    ['not of sources', { ...app, 'tsconfig.json': outDir }, 'src/migrations', undefined],
    [
      'not if it is compiled in place',
      { ...app, 'tsconfig.json': config({ outDir: './' }) },
      'src/migrations',
      undefined,
    ],
    [
      'not if two folders are possible',
      { ...app, 'jest.config.ts': '', 'tsconfig.json': outDir, 'src/m/x.ts': '', 'm/x.ts': '' },
      'dist/m',
      undefined,
    ],
    [
      'not by a bundle',
      { ...app, 'bundle/main.js.map': '{ "sources": ["../src/main.ts", "../src/other.ts"] }' },
      'bundle',
      undefined,
    ],
  ])('%s', (_what, files, output, source) => {
    write(files);
    const found = sourceFolderOf(join(dir, output), undefined);
    expect(found === undefined ? undefined : relative(dir, found)).toBe(source);
  });

  it('is the one in the setting, before anything else', () => {
    write({ ...app, 'tsconfig.json': outDir, 'lib/x.ts': '' });
    const sources: Sources = { [join(dir, 'dist')]: join(dir, 'lib') };
    expect(sourceFolderOf(join(dir, 'dist/m'), sources)).toBe(join(dir, 'lib/m'));
    expect(sourceFolderOf(join(dir, 'dist/m'), false)).toBeUndefined();
  });
});

describe('sources and their output', () => {
  const list = async (pattern: string | readonly string[], loads: Listing['loads']) => {
    const migrations = [pattern].flat().map((one) => join(dir, one));
    const found = await listMigrations({ migrations, settings: { dir: undefined, sources: undefined }, loads });
    const names = (of: keyof Pick<MigrationList, 'files' | 'stale' | 'notCompiled'>): readonly string[] =>
      found[of].map(({ file }) => relative(dir, file));
    const unmatched = found.unmatched.map(({ pattern: one }) => relative(dir, one));
    return { files: names('files'), stale: names('stale'), notCompiled: names('notCompiled'), unmatched };
  };
  const nodeEnv = process.env['NODE_ENV'];
  afterEach(() => void (process.env['NODE_ENV'] = nodeEnv));

  it.each([['*{.ts,.js}'], ['*.js'], ['*.{js,sql}'], ['**/*.{ts,js,sql}'], ['*']])(
    'count once: dist/m/%s',
    async (rest) => {
      const both = ['1600000000000-A', '1600000000001-B'];
      write({
        ...app,
        'tsconfig.json': outDir,
        'src/m/1600000000000-A.ts': '',
        'src/m/1600000000001-B.ts': '',
        'dist/m/1600000000000-A.js': '',
        'dist/m/1600000000000-A.d.ts': '',
        'dist/m/1600000000000-A.js.map': '',
        'dist/m/1600000000002-Gone.js': '',
      });
      const gone = ['dist/m/1600000000002-Gone.js'];
      const as = (folder: string, names: readonly string[], ending: string) =>
        names.map((name) => `${folder}/${name}.${ending}`);
      const inDevelopment = { files: as('src/m', both, 'ts'), stale: gone, notCompiled: [], unmatched: [] };
      expect(await list(`dist/m/${rest}`, 'typescript')).toEqual(inDevelopment);
      expect(await list(['src/m/*.ts', `dist/m/${rest}`], 'typescript')).toEqual(inDevelopment);
      const compiled = as('dist/m', both.slice(0, 1), 'js');
      const inApp = { files: compiled, stale: gone, notCompiled: as('src/m', both.slice(1), 'ts'), unmatched: [] };
      expect(await list(`dist/m/${rest}`, 'javascript')).toEqual(inApp);
      process.env['NODE_ENV'] = 'production';
      const whatMatches = { files: [...compiled, ...gone], stale: [], notCompiled: [], unmatched: [] };
      expect(await list(`dist/m/${rest}`, 'typescript')).toEqual(whatMatches);
    },
  );

  it('without sources, the compiled files count; before the first build, the sources', async () => {
    write({ 'package.json': '{}', 'tsconfig.json': outDir, 'dist/m/1600000000000-A.js': '' });
    const compiled = { files: ['dist/m/1600000000000-A.js'], stale: [], notCompiled: [], unmatched: [] };
    for (const loads of ['typescript', 'javascript'] as const)
      expect(await list('dist/m/*.js', loads)).toEqual(compiled);
    rmSync(join(dir, 'dist'), { recursive: true });
    write({ 'src/m/1600000000000-A.ts': '', 'src/main.ts': '' });
    expect(await list('dist/m/*.js', 'typescript')).toMatchObject({
      files: ['src/m/1600000000000-A.ts'],
      unmatched: [],
    });
  });

  it.each(['app (1)', '[app]', '{a,b}', 'a!(b)'])('in a folder named %s', async (name) => {
    write({ [`${name}/src/m/1600000000000-A.ts`]: '', [`${name}/src/m/1600000000001-B.sql`]: '' });
    for (const pattern of [`${name}/src/m/*{.ts,.sql}`, `${name}/src/**/*.{ts,sql}`])
      expect((await list(pattern, 'typescript')).files).toHaveLength(2);
  });
});
