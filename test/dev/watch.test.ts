import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { startCli } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import { itInFull, sample } from '../support/sample.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const entity = (names: string, head = ''): string =>
  `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
${head}
@Entity('post')
export class Post {
  @PrimaryGeneratedColumn() id!: number;
  ${columns(names)}
}
`;
const columns = (names: string): string =>
  names
    .split('')
    .map((name) => `@Column({ nullable: true }) ${name}!: string;`)
    .join(' ');

/** Half of a circle in which each entity needs the class of the other when it is loaded. */
const circular = (
  one: string,
  other: string,
): string => `import { Entity, JoinColumn, OneToOne, PrimaryGeneratedColumn } from 'typeorm';
import { C${other} } from './${other}.entity.js';
@Entity('${one}')
export class C${one} {
  @PrimaryGeneratedColumn() id!: number;
  @OneToOne(() => C${other}, (it) => it.${one}) ${one === 'head' ? '@JoinColumn() ' : ''}${other}!: ${one === 'head' ? `C${other}` : `import('typeorm').Relation<C${other}>`};
}
`;

let project: TestProject;
let database: TestDatabase;
let watching: ReturnType<typeof startCli>;
afterEach(async () => {
  watching.process.kill('SIGINT');
  const ended = await watching.result;
  if (ended.code !== 0) throw new Error(`exit ${ended.code}: ${ended.stderr}`);
  project.remove();
  await database.drop();
});

/** A project whose data source tells in which process it is loaded. */
async function begin(type: 'commonjs' | 'module'): Promise<void> {
  database = await createDatabase();
  const isModule = type === 'module';
  project = createProject({
    'package.json': JSON.stringify({ name: 'blog', type }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module: isModule ? 'nodenext' : 'commonjs',
        target: 'es2022',
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    }),
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
console.log('process', process.pid);
export default defineDataSource({ baseDir: ${isModule ? 'import.meta.dirname' : '__dirname'}, entities: ['src/*.entity.ts'], migrations: ['migrations/*.ts'] });
`,
    // It refuses to be told the same twice in one process.
    'node_modules/registry/package.json': '{ "name": "registry", "main": "index.cjs" }',
    'node_modules/registry/index.cjs': `const known = new Set();
exports.register = (name) => { if (known.has(name)) throw new Error(name + ' is known'); known.add(name); };
`,
    'src/post.entity.ts': entity('a'),
    ...(isModule && { 'src/head.entity.ts': circular('head', 'tail'), 'src/tail.entity.ts': circular('tail', 'head') }),
  });
  const where = { cwd: project.dir, env: { DATABASE_URL: database.url } };
  watching = startCli(['dev', '--watch', '--shadow', serverUrl()], where);
}

/** What is told from one save to the next, and in which process. */
async function told(what: RegExp): Promise<{ readonly text: string; readonly pid: string | undefined }> {
  const { stdout, stderr } = watching.process;
  let text = '';
  const take = (more: string): void => void (text += more);
  stdout?.on('data', take);
  stderr?.on('data', take);
  for (let waited = 0; !what.test(text); waited += 20) {
    if (waited > 120_000) throw new Error(`not told: ${what.source}\n${text}`);
    await sleep(20);
  }
  // The process that watches hears of the end only then.
  await sleep(500);
  stdout?.off('data', take);
  stderr?.off('data', take);
  return { text, pid: [...text.matchAll(/^process (\d+)/gm)].at(-1)?.[1] };
}

async function saved(text: string, what: RegExp): ReturnType<typeof told> {
  project.write('src/post.entity.ts', text);
  return told(what);
}

it.each(sample(['commonjs', 'module'] as const, 2))(
  'performs one save after the other in one process (%s)',
  async (type) => {
    await begin(type);
    const { pid, text } = await told(/-Init\.ts \(/);
    const warning = /import each other/;
    expect(warning.test(text)).toBe(type === 'module');
    const second = await saved(entity('ab'), /ADD COLUMN "b".*\(/);
    expect(second).toMatchObject({ pid });
    expect(second.text).not.toMatch(warning);
    expect(await saved(entity('abc'), /ADD COLUMN "c".*\(/)).toMatchObject({ pid });
    // What it writes itself is no save.
    expect((await saved(entity('ab'), /DROP COLUMN "c".*\(/)).text.match(/^saved: .*/gm)).toEqual([
      'saved: src/post.entity.ts',
    ]);
    expect(await database.query('SELECT * FROM migrations')).toHaveLength(1);
    const attributes = `SELECT attname FROM pg_attribute WHERE attrelid = 'post'::regclass AND attnum > 0 AND NOT attisdropped`;
    expect((await database.query(attributes)).map(({ attname }) => attname)).toEqual(['id', 'a', 'b']);
    const wrong = await saved('@Entity( class {', /is not TypeScript/);
    // An error from the hooks for ES modules has lost its code, so a new process has to confirm it.
    expect(wrong.pid === pid).toBe(type === 'commonjs');
    const next = await saved(entity('abd'), /ADD COLUMN "d".*\(/);
    expect(next.pid).not.toBe(pid);
  },
);

itInFull('begins a new process where the old one would not do', async () => {
  await begin('commonjs');
  const pids = [(await told(/-Init\.ts \(/)).pid];
  project.write('.env', 'ANY=1\n');
  pids.push((await told(/^= /m)).pid);
  const registering = "import { register } from 'registry';\nregister('post');";
  pids.push((await saved(entity('ab', registering), /ADD COLUMN "b".*\(/)).pid);
  expect(pids[2]).toBe(pids[1]);
  const again = await saved(entity('abc', registering), /ADD COLUMN "c".*\(/);
  expect(again.text).not.toContain('is known');
  pids.push(again.pid);
  const ticking = 'setInterval(() => undefined, 1000);';
  pids.push((await saved(entity('abcd', ticking), /ADD COLUMN "d".*\(/)).pid);
  expect(pids[4]).toBe(pids[3]);
  pids.push((await saved(entity('abcde', ticking), /ADD COLUMN "e".*\(/)).pid);
  expect(new Set(pids).size).toBe(4);
});

itInFull('goes on after an answer on the command line has had its effect', async () => {
  await begin('commonjs');
  await told(/-Init\.ts \(/);
  watching.process.kill('SIGINT');
  await watching.result;
  project.write('src/post.entity.ts', entity('b'));
  project.write(
    'migrations/1600000000000-ByHand.ts',
    `export class ByHand1600000000000 { up(runner: any) { return runner.query('CREATE SEQUENCE by_hand'); } async down() {} }`,
  );
  watching = startCli(['dev', '--watch', '--rename', 'post.a=b', '--shadow', serverUrl()], {
    cwd: project.dir,
    env: { DATABASE_URL: database.url },
  });
  const { text } = await told(/RENAME COLUMN.*\(/);
  expect(text).toContain('sequence by_hand is not in the entities');
  const next = await saved(entity('bc'), /ADD COLUMN "c".*\(|More: /);
  expect(next.text).not.toContain('no effect');
  // It is said once.
  expect(next.text).not.toContain('by_hand');
});
