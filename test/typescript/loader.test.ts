import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, itInFull } from '../support/sample.js';

const register = resolve('build/esm/typescript/register.js');
const importer = resolve('build/esm/files/import-file.js');

let project: TestProject;
afterEach(() => project.remove());

interface Loaded {
  readonly value: unknown;
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Loads a file of the project in a process of its own and returns its export `result`. */
async function load(file: string, more = '', nodeFlags: readonly string[] = []): Promise<Loaded> {
  const script = `
    const { registerTypeScript } = await import(${JSON.stringify(register)});
    registerTypeScript({ projectDir: ${JSON.stringify(project.dir)} });
    const { importFile } = await import(${JSON.stringify(importer)});
    const loaded = await importFile(${JSON.stringify(join(project.dir, file))});
    const result = loaded.result ?? loaded.default?.result ?? loaded.default;
    console.log('RESULT ' + JSON.stringify(typeof result === 'function' ? await result() : result));
    ${more}`;
  const { stdout, stderr, code } = await runNode([...nodeFlags, '--input-type=module', '-e', script], {
    cwd: project.dir,
  });
  const line = stdout.split('\n').find((text) => text.startsWith('RESULT '));
  return {
    value: line === undefined || line === 'RESULT undefined' ? undefined : (JSON.parse(line.slice(7)) as unknown),
    stdout,
    stderr,
    code,
  };
}

const kinds = { commonjs: '{ "name": "p" }', module: '{ "name": "p", "type": "module" }' } as const;
const tsconfig = (options: object = {}): string =>
  JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      strict: true,
      ...options,
    },
  });

const entities = {
  'src/kind.ts': `export enum Kind { A = 'a', B = 'b' }
export enum Level { Low, High }
export interface Address { street: string }
export type Union = 'x' | 'y';
export const enum Fast { One = 1 }`,
  'src/user.entity.ts': `
import 'reflect-metadata';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import { Kind, Level, Fast } from './kind.js';
import type { Address, Union } from './kind.js';
import { Post } from './post.entity.js';
@Entity()
export class User {
  @PrimaryGeneratedColumn() id!: number;
  @Column() kind!: Kind;
  @Column() level!: Level;
  @Column() union!: Union;
  @Column('text') maybe!: string | null;
  @Column('bigint') big!: bigint;
  @Column() when!: Date;
  @Column('text', { array: true }) list!: string[];
  @Column('jsonb') address!: Address;
  @Column('jsonb') record!: Record<string, number>;
  @Column() flag: boolean = Fast.One === 1;
  @Column('bytea') buffer!: Buffer;
  @OneToMany(() => Post, (post) => post.author) posts!: Post[];
  @ManyToOne(() => Post) best!: Promise<Post>;
}`,
  'src/post.entity.ts': `
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, Relation, Repository } from 'typeorm';
import { Shade, Tone as Hue, Palette } from 'shades';
import type { Depth, Mix } from 'shades';
import { User } from './user.entity.js';
function Uses(): PropertyDecorator { return () => undefined; }
@Entity()
export class Post {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
  // Types of packages, imported without \`type\`: tsc leaves these names out of what it writes.
  @ManyToOne(() => User, (user) => user.posts) author!: Relation<User>;
  @Uses() repository!: Repository<Post>;
  @Column() shade!: Shade;
  @Column() hue!: Hue;
  @Column() depth!: Depth;
  @Column('jsonb') palette!: Palette;
  @Column('jsonb') mix!: Mix;
}`,
  'node_modules/shades/package.json':
    '{ "name": "shades", "version": "1.0.0", "type": "module", "types": "index.d.ts", "main": "index.js" }',
  'node_modules/shades/index.js':
    "export const Shade = { Light: 'light', Dark: 'dark' }; export const Tone = { Red: 1 }; export class Mix {}",
  'node_modules/shades/index.d.ts': `export * from './lib/shade.js';
export * from './lib/client.js';
export { Hue as Tone, type Palette } from "./lib/index.js";`,
  'node_modules/shades/lib/shade.d.ts': `export declare enum Shade { Light = "light", Dark = "dark" }
export type Depth = 'deep' | 'flat';`,
  'node_modules/inner/package.json': '{ "name": "inner", "version": "1.0.0", "types": "index.d.ts" }',
  'node_modules/inner/index.d.ts': 'export interface Inner<T> { value: T }',
  'node_modules/shades/lib/client.d.ts': `import { Inner } from 'inner';
export type Client = Inner<string>;`,
  'node_modules/shades/lib/index.d.ts': `declare enum Hue { Red = 1 }
interface Palette { shades: string[] }
export { Hue, Palette };
export declare class Mix {}`,
  // Imported without \`type\`, and nothing of it exists at run time.
  'src/aliases.ts': `import { Kind, Address } from './kind.js';
const states = ['draft', 'sent'] as const;
const pick = () => 'x' as const;
export type State = (typeof states)[number];
export type Tags = string[];
export type Words = ReadonlyArray<string>;
export type NotA = Exclude<Kind, Kind.A>;
export type Known = NonNullable<State | null>;
export type Picked = ReturnType<typeof pick>;
export type Some = Partial<Address>;
export type Named = Record<string, Address>;
export type Day = Date;
export type Later = Promise<Address> | null;`,
  'src/note.entity.ts': `
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Day, Known, Later, Named, NotA, Picked, Some, State, Tags, Words } from './aliases.js';
import { Client } from 'shades';
@Entity()
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() state!: State;
  @Column() tags!: Tags;
  @Column() words!: Words;
  @Column() nota!: NotA;
  @Column() known!: Known;
  @Column() picked!: Picked;
  @Column('jsonb') some!: Some;
  @Column('jsonb') named!: Named;
  @Column('date') day!: Day;
  @Column('jsonb') later!: Later;
  @Column('jsonb') maybe!: Some | null;
  @Column('jsonb') client!: Client;
}`,
  'src/result.ts': `
import 'reflect-metadata';
import { User } from './user.entity.js';
import { Post } from './post.entity.js';
import { Note } from './note.entity.js';
const typesOf = (target: Function, keys: string[]) =>
  Object.fromEntries(keys.map((key) => [key, (Reflect.getMetadata('design:type', target.prototype, key) as { name?: string } | undefined)?.name ?? 'undefined']));
export const result = {
  user: typesOf(User, ['id', 'kind', 'level', 'union', 'maybe', 'big', 'when', 'list', 'address', 'record', 'flag', 'buffer', 'posts', 'best']),
  post: typesOf(Post, ['id', 'title', 'author', 'repository', 'shade', 'hue', 'depth', 'palette', 'mix']),
  note: typesOf(Note, ['state', 'tags', 'words', 'nota', 'known', 'picked', 'some', 'named', 'day', 'later', 'maybe', 'client']),
};`,
};

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('in a %s project', (kind) => {
  if (kind === 'module' || full)
    itInFull('gives the same decorator metadata as tsc', async () => {
      const config = tsconfig({ module: 'nodenext', skipLibCheck: true, outDir: 'out', rootDir: 'src' });
      project = createProject({ 'package.json': kinds[kind], 'tsconfig.json': config, ...entities });
      const { value, stderr } = await load('src/result.ts');
      expect(stderr).toBe('');
      execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', project.dir, '--noCheck'], {
        cwd: project.dir,
      });
      const show = `const m = await import(${JSON.stringify(join(project.dir, 'out/result.js'))}); console.log(JSON.stringify(m.result ?? m.default.result))`;
      const compiled = await runNode(['--input-type=module', '-e', show], { cwd: project.dir });
      expect(value).toEqual(JSON.parse(compiled.stdout));
      expect(value).toMatchObject({
        user: {
          kind: 'String',
          level: 'Number',
          union: 'String',
          when: 'Date',
          list: 'Array',
          address: 'Object',
          best: 'Promise',
        },
        post: { author: 'Object', repository: 'Repository', shade: 'String', hue: 'Number', depth: 'String' },
        note: { state: 'String', tags: 'Array', nota: 'String', some: 'Object', client: 'Object' },
      });
      unlinkSync(join(project.dir, 'node_modules/typescript'));
      symlinkSync(resolve('node_modules/typescript-7'), join(project.dir, 'node_modules/typescript'));
      expect(await load('src/result.ts')).toMatchObject({ value, stderr: '' });
    });

  it('finds modules as tsconfig and Node do', async () => {
    const suffix = kind === 'module' ? '.js' : '';
    const index = kind === 'module' ? './index.js' : '.';
    project = createProject({
      'package.json': kinds[kind],
      'tsconfig.base.json': tsconfig({
        module: 'nodenext',
        paths: { '@app/*': ['./src/*'], config: ['./src/deep/config.ts'] },
      }),
      'tsconfig.json': '{\n  // comments are allowed\n  "extends": "./tsconfig.base.json",\n}',
      'src/a.ts': `import { b } from '@app/deep/b';\nimport { config } from 'config';\nimport { d } from './deep/d${suffix}';\nexport const result = [b, config, d];`,
      'src/deep/b.ts': `export const b: string = 'b';`,
      'src/deep/config.ts': `export const config: string = 'config';`,
      'src/deep/d.ts': `import { e } from '${index}';\nexport const d: string = 'd' + e;`,
      'src/deep/index.ts': `export const e: string = 'e';`,
    });
    expect(await load('src/a.ts')).toMatchObject({ value: ['b', 'config', 'de'], stderr: '' });
    expect(await load('src/a.ts')).toMatchObject({ value: ['b', 'config', 'de'], stderr: '' });
  });

  it('provides the path of a file, and runs without a tsconfig', async () => {
    const here = kind === 'module' ? 'import.meta.filename' : '__filename';
    project = createProject({
      'package.json': kinds[kind],
      'src/a.ts': `\uFEFFimport { readFileSync } from 'node:fs';\r\nnamespace N { export const x: number = 1; }\r\nexport const result = { file: ${here}, read: readFileSync(${here}, 'utf8').includes('namespace'), x: N.x };\r\n`,
    });
    expect((await load('src/a.ts')).value).toEqual({ file: join(project.dir, 'src/a.ts'), read: true, x: 1 });
  });

  it('shows the position of a syntax error', async () => {
    project = createProject({
      'package.json': kinds[kind],
      'src/a.ts': 'export const x = 1;\nexport const result: = 2;\n',
    });
    const { stderr, code } = await load('src/a.ts');
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${join(project.dir, 'src/a.ts')}:2:22 is not TypeScript: Type expected.`);
    expect(stderr).toContain('  export const result: = 2;\n                       ^');
  });

  it('maps errors in user code to lines in TypeScript', async () => {
    project = createProject({
      'package.json': kinds[kind],
      'src/a.ts': `interface X { y: number }\n\nexport const result = (): X => {\n  throw new Error('here');\n};\n`,
    });
    const { stderr } = await load('src/a.ts');
    expect(stderr).toContain('here');
    expect(stderr).toMatch(/src\/a\.ts:4:9/);
  });
});

describe('only in one kind', () => {
  const paths = tsconfig({ paths: { '@lib/*': ['./libs/*'] } });
  it.each([
    ['the root of an Nx workspace, which has only a base', { 'tsconfig.base.json': paths }],
    [
      'a solution, which compiles nothing itself',
      {
        'tsconfig.json':
          '{ "files": [], "references": [{ "path": "./tsconfig.spec.json" }, { "path": "./tsconfig.app.json" }] }',
        'tsconfig.spec.json': '{ "compilerOptions": {} }',
        'tsconfig.app.json': '{ "extends": "./base.json" }',
        'base.json': paths,
      },
    ],
    [
      'a solution with aliases, which references another part of the workspace',
      {
        'tsconfig.base.json': paths,
        'tsconfig.json': '{ "extends": "./tsconfig.base.json", "files": [], "references": [{ "path": "./tools" }] }',
        'tools/tsconfig.json': '{ "compilerOptions": {} }',
      },
    ],
  ])('uses the configuration of %s', async (_what, files) => {
    project = createProject({
      'package.json': kinds.commonjs,
      'libs/b.ts': `export const b: string = 'b';`,
      'src/a.ts': `import { b } from '@lib/b';\nexport const result = b;`,
      ...files,
    });
    expect(await load('src/a.ts')).toMatchObject({ value: 'b', stderr: '' });
  });

  it('CommonJS: circular relations, import = require, __dirname, extensionless imports, JSON', async () => {
    project = createProject({
      'package.json': kinds.commonjs,
      'tsconfig.json': tsconfig({ module: 'commonjs', esModuleInterop: true, resolveJsonModule: true }),
      'src/data.json': '{ "x": 5 }',
      'src/a.ts': `import 'reflect-metadata';
import path = require('node:path');
import data from './data.json';
import { B } from './b';
function D(): PropertyDecorator { return () => undefined; }
export class A { @D() b!: B; }
export const result = [path.basename(__dirname), data.x, typeof B, (Reflect.getMetadata('design:type', A.prototype, 'b') as { name: string }).name];`,
      'src/b.ts': `import { A } from './a';\nfunction D(): PropertyDecorator { return () => undefined; }\nexport class B { @D() a!: A; }`,
    });
    expect(await load('src/a.ts')).toMatchObject({ value: ['src', 5, 'function', 'B'], stderr: '' });
  });

  it('CommonJS: a library of the workspace whose package says that it has ES modules', async () => {
    project = createProject({
      'package.json': kinds.commonjs,
      'tsconfig.json': tsconfig({
        module: 'nodenext',
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        paths: { '@org/lib': ['./libs/lib/src/index.ts'] },
      }),
      'libs/lib/package.json': '{ "name": "@org/lib", "type": "module" }',
      'libs/lib/src/index.ts': `export { Thing } from './things/thing.js';\nexport { other } from './things/other.js';`,
      'libs/lib/src/things/thing.ts': `import 'reflect-metadata';\nfunction D(): PropertyDecorator { return () => undefined; }\nexport class Thing { @D() at!: Date; }`,
      'libs/lib/src/things/other.ts': `import { basename } from 'node:path';\nexport const other: string = basename('a/other');`,
      'src/a.ts': `import { Thing, other } from '@org/lib';\nexport const result = [(Reflect.getMetadata('design:type', Thing.prototype, 'at') as { name: string }).name, other];`,
    });
    expect(await load('src/a.ts')).toMatchObject({ value: ['Date', 'other'], stderr: '' });
    expect(await load('src/a.ts')).toMatchObject({ value: ['Date', 'other'], stderr: '' });
    // The file itself, as a pattern of entities finds it.
    expect(await load('libs/lib/src/things/other.ts')).toMatchObject({ stderr: '' });
    project.write('package.json', kinds.module);
    expect(await load('src/a.ts')).toMatchObject({ value: ['Date', 'other'], stderr: '' });
    project.write('libs/lib/package.json', '{ "name": "@org/lib" }');
    expect(await load('src/a.ts')).toMatchObject({ value: ['Date', 'other'], stderr: '' });
  });

  it('ES modules: an import of a missing export is named', async () => {
    project = createProject({
      'package.json': kinds.module,
      'src/a.ts': `import { none } from 'typeorm';\nexport const result = none;`,
    });
    const { stderr } = await load('src/a.ts');
    expect(stderr).toContain(
      `src/a.ts could not be loaded: The requested module 'typeorm' does not provide an export named 'none'`,
    );
  });

  it('ES modules: top-level await, .mts and .cts', async () => {
    project = createProject({
      'package.json': kinds.module,
      'src/a.ts': `import { m } from './m.mjs';\nimport c from './c.cjs';\nexport const result = [await Promise.resolve(1 as number), m, c.c];`,
      'src/m.mts': `export const m: string = 'm';`,
      'src/c.cts': `exports.c = 'c' as string;`,
    });
    expect(await load('src/a.ts')).toMatchObject({ value: [1, 'm', 'c'] });
  });
});

describe('the cache', () => {
  const files = {
    'package.json': kinds.commonjs,
    'tsconfig.json': tsconfig({ module: 'commonjs' }),
    'src/kind.ts': `export enum Kind { A = 'a' }`,
    'src/index.ts': `export * from './kind';`,
    'src/a.ts': `import 'reflect-metadata';
import { Kind } from './index';
function D(): PropertyDecorator { return () => undefined; }
export class A { @D() kind!: Kind; }
export const result = (Reflect.getMetadata('design:type', A.prototype, 'kind') as { name: string }).name;`,
  };
  const cacheOf = (): string => {
    const base = join(project.dir, 'node_modules/.cache/nest-migrate');
    return join(base, readdirSync(base).find((name) => name.startsWith('typescript-')) ?? '');
  };
  const tellCompiler = `const { createRequire } = await import('node:module'); const loadedFiles = Object.keys(createRequire('/')('node:module')._cache);
    console.log('COMPILER ' + loadedFiles.some((name) => name.includes('typescript/lib/typescript.js')));`;

  it('makes the compiler unnecessary, and notices each relevant change', async () => {
    project = createProject(files);
    const first = await load('src/a.ts', tellCompiler);
    expect([first.value, first.stdout]).toEqual(['String', expect.stringContaining('COMPILER true')]);
    const second = await load('src/a.ts', tellCompiler);
    expect([second.value, second.stdout]).toEqual(['String', expect.stringContaining('COMPILER false')]);
    // The type comes from a file two imports away; the class itself is not touched.
    project.write('src/kind.ts', `export enum Kind { A = 1 }`);
    expect((await load('src/a.ts')).value).toBe('Number');
    project.write('tsconfig.json', tsconfig({ module: 'commonjs', emitDecoratorMetadata: false }));
    expect((await load('src/a.ts')).stderr).toContain('TypeError');
  });

  itInFull('is replaced if it is damaged, and shared by processes that start at the same time', async () => {
    project = createProject(files);
    expect((await Promise.all([1, 2, 3, 4].map(() => load('src/a.ts')))).map(({ value }) => value)).toEqual(
      Array(4).fill('String'),
    );
    const dir = cacheOf();
    for (const name of readdirSync(dir)) writeFileSync(join(dir, name), 'damaged');
    expect((await load('src/a.ts')).value).toBe('String');
    rmSync(join(dir, 'manifest.json'));
    expect((await load('src/a.ts')).value).toBe('String');
    // The same size and another time is another file.
    utimesSync(join(project.dir, 'src/kind.ts'), new Date(0), new Date(0));
    expect((await load('src/a.ts')).value).toBe('String');
    expect(statSync(join(dir, 'manifest.json')).size).toBeGreaterThan(10);
  });

  it('writes the manifest a few times, however many files are loaded one by one, and includes the last one', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`src/m${n}.ts`, `export const n = ${n};`]));
    const all = `let sum = 0;
export const result = (): number => { for (let n = 0; n < 60; n++) sum += require(\`./m\${n}\`).n; return sum; };
declare const require: (name: string) => { n: number };`;
    project = createProject({ ...files, ...many, 'src/all.ts': all });
    const counting = `
const fs = require('node:fs');
const { renameSync } = fs;
let writes = 0;
fs.renameSync = (from, to) => (/manifest/.test(to) && writes++, renameSync(from, to));
require('node:module').syncBuiltinESMExports();
process.on('exit', () => console.error('WRITES', writes));
`;
    project.write('count.cjs', counting);
    const first = await load('src/all.ts', '', ['--require', join(project.dir, 'count.cjs')]);
    expect([first.value, Number(/WRITES (\d+)/.exec(first.stderr)?.[1])]).toEqual([1770, expect.any(Number)]);
    expect(Number(/WRITES (\d+)/.exec(first.stderr)?.[1])).toBeLessThan(20);
    expect((await load('src/all.ts', tellCompiler)).stdout).toContain('COMPILER false');
  });

  it('works with the native compiler, version 7', async () => {
    project = createProject(files);
    unlinkSync(join(project.dir, 'node_modules/typescript'));
    symlinkSync(resolve('node_modules/typescript-7'), join(project.dir, 'node_modules/typescript'));
    expect(await load('src/a.ts')).toMatchObject({ value: 'String', stderr: '' });
    expect((await load('src/a.ts')).value).toBe('String');
    project.write('src/kind.ts', `export enum Kind { A = 1 }`);
    expect((await load('src/a.ts')).value).toBe('Number');
    project.write('src/a.ts', 'export const result: = 2;');
    expect((await load('src/a.ts')).stderr).toContain('src/a.ts:1:22 is not TypeScript');
  });

  it('compiles to CommonJS with a TypeScript before 4.7, which does not know the modules of Node', async () => {
    project = createProject(files);
    unlinkSync(join(project.dir, 'node_modules/typescript'));
    project.write('node_modules/typescript/package.json', '{ "name": "typescript", "version": "4.3.5" }');
    project.write(
      'node_modules/typescript/index.js',
      `const ts = require(${JSON.stringify(resolve('node_modules/typescript'))});
const without = ({ Node16, Node18, Node20, NodeNext, ...older }) => older;
module.exports = { ...ts, ModuleKind: without(ts.ModuleKind), ModuleResolutionKind: without(ts.ModuleResolutionKind) };`,
    );
    expect(await load('src/a.ts')).toMatchObject({ value: 'String', stderr: '' });
  });

  it('reads the files of the project only with a TypeScript before 5.0, whose compiler calls another function', async () => {
    project = createProject({ ...files, 'src/a.ts': `import 'typeorm';\n${files['src/a.ts']}` });
    const link = join(project.dir, 'node_modules/typescript');
    unlinkSync(link);
    project.write('node_modules/typescript/package.json', '{ "name": "typescript", "version": "4.6.4" }');
    project.write(
      'node_modules/typescript/index.js',
      `const { isSatisfiesExpression, canHaveDecorators, getDecorators, ...older } = require(${JSON.stringify(resolve('node_modules/typescript'))});
module.exports = { ...older, createProgram(given) {
  delete given.host.resolveModuleNameLiterals;
  const program = older.createProgram(given);
  console.error('FILES', program.getSourceFiles().length);
  return program;
} };`,
    );
    // The three of the project, and the one with what metadata depends on of the standard library.
    expect(await load('src/a.ts')).toMatchObject({ value: 'String', stderr: 'FILES 4\n' });
  });

  it('reports what to install without TypeScript', async () => {
    project = createProject(files);
    unlinkSync(join(project.dir, 'node_modules/typescript'));
    expect((await load('src/a.ts')).stderr).toContain('TypeScript is not installed in');
  });
});
