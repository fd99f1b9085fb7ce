import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { create } from '../../src/commands/create.js';
import { changesIn } from '../../src/files/change.js';
import { listMigrations as list, willMatch } from '../../src/files/list-migrations.js';
import type { Listing, MigrationList } from '../../src/files/migration.js';
import { classNameOf, expectedName, mayHoldMigrations } from '../../src/files/name.js';
import { migrationsOf, resolveMigrations } from '../../src/files/resolve.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { runNode } from '../support/cli.js';
import { failureOf, migration } from '../support/migrations.js';
import { itInFull } from '../support/sample.js';

const listMigrations = (migrations: Listing['migrations']): Promise<MigrationList> =>
  list({ migrations, settings: { dir: undefined, sources: undefined }, loads: 'typescript' });
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const write = (path: string, text: string): string => {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};
const classText = (name: string, body = 'async up() {} async down() {}'): string =>
  `exports.${name} = class ${name} { ${body} };\n`;
const known = async (applied: readonly string[] = [], pattern = join(dir, '*')) =>
  resolveMigrations(
    await listMigrations([pattern]),
    applied.map((name) => ({ name, timestamp: Number(name.slice(-13)) })),
  );
/** The names, whether they fit together or not. */
const resolving = async (patterns: readonly string[], applied: readonly string[]): Promise<readonly string[]> => {
  const rows = applied.map((name) => ({ name, timestamp: Number(name.slice(-13)) }));
  return (await migrationsOf(await listMigrations([...patterns]), rows)).map(({ name }) => name);
};
const namesOf = async (applied: readonly string[] = []) => (await known(applied)).map(({ name }) => name);

describe('names', () => {
  it.each([
    ['1700000000000-AddUsers.ts', 'AddUsers1700000000000'],
    ['1700000000000-add-users.js', 'AddUsers1700000000000'],
    ['1700000000000-add_users.sql', 'AddUsers1700000000000'],
    ['1700000000000-überAll.mjs', 'ÜberAll1700000000000'],
    ['20230915120000_create_users_table.sql', 'CreateUsersTable1694779200000'],
    ['20230915120000_create_users.up.sql', 'CreateUsers1694779200000'],
    ['202309151200-create-users.sql', 'CreateUsers1694779200000'],
    ['20230915_create_users.sql', 'CreateUsers1694736000000'],
    ['20231315120000_no_such_month.sql', undefined],
    ['1694779200_create_users.up.sql', 'CreateUsers1694779200000'],
    ['000001_create_users.up.sql', 'CreateUsers0000000000001'],
    ['0000_init.sql', 'Init0000000000000'],
    ['V1__create_users.sql', 'CreateUsers0001000000000'],
    ['V1.2__add_email.sql', 'AddEmail0001002000000'],
    ['V1_10__add_email.sql', 'AddEmail0001010000000'],
    ['V2__next.sql', 'Next0002000000000'],
    ['V20230915120000__next.sql', 'Next1694779200000'],
    ['V1.2.3.4.5__too_deep.sql', undefined],
    ['R__view.sql', undefined],
    ['schema.sql', undefined],
    ['170-x.ts', undefined],
    ['AddUsers.ts', undefined],
  ])('%s contains %s', (file, name) => expect(expectedName(file)?.name).toBe(name));

  it.each([
    ['a.d.ts', false],
    ['a.js.map', false],
    ['a.spec.ts', false],
    ['a.md', false],
    ['a.mts', true],
    ['a.sql', true],
    ['1_a.up.sql', true],
    ['1_a.down.sql', false],
    ['U1__a.sql', false],
  ])('%s may contain migrations: %s', (file, may) => expect(mayHoldMigrations(file)).toBe(may));

  it('are camelized as in TypeORM', () =>
    expect(['add users', 'add-users', 'AddUsers', 'add_Users'].map(classNameOf)).toEqual(Array(4).fill('AddUsers')));
});

describe('resolving', () => {
  it('sorts by timestamp, across kinds of files', async () => {
    write('1700000000003-C.sql', '-- up\nSELECT 1;');
    write('1700000000001-A.js', classText('A1700000000001'));
    write('1700000000002-b.cjs', classText('B1700000000002'));
    write('1700000000004-D.mjs', 'export class D1700000000004 { async up() {} }\nexport default D1700000000004;');
    write('README.md', '');
    expect(await namesOf()).toEqual(['A1700000000001', 'B1700000000002', 'C1700000000003', 'D1700000000004']);
  });

  it('opens no file whose migration is applied', async () => {
    write('1700000000001-A.js', 'throw new Error("it was loaded");');
    expect(await namesOf(['A1700000000001'])).toEqual(['A1700000000001']);
  });

  it('accepts several classes in a file, and files with any name', async () => {
    write(
      'all.js',
      `${classText('B1700000000002')}${classText('A1700000000001')}exports.list = [exports.A1700000000001];`,
    );
    expect(await namesOf()).toEqual(['A1700000000001', 'B1700000000002']);
  });

  it('uses the name of the instance, as TypeORM does', async () => {
    write('1700000000001-A.js', 'exports.A = class { name = "Real1700000000009"; async up() {} };');
    expect(await namesOf()).toEqual(['Real1700000000009']);
  });

  it('instantiates only migrations', async () => {
    write(
      '1700000000001-A.js',
      `exports.Helper = class Helper { constructor() { throw new Error('instantiated'); } };
       exports.helper = () => { throw new Error('called'); };
       exports.Colour = { red: 'red' }; exports.when = new Date(); exports.answer = 42;
       exports.list = ['x']; ${classText('A1700000000001')}`,
    );
    write(
      '1700000000002-B.js',
      `${classText('B1700000000002')}module.exports.default = exports.B1700000000002; module.exports.Other = class Other { constructor() { throw 1; } };`,
    );
    const all = await known();
    expect(all.map(({ name }) => name)).toEqual(['A1700000000001', 'B1700000000002']);
    for (const one of all) expect((await one.load()).name).toBe(one.name);
  });

  it('knows a class with dependencies without instantiating one', async () => {
    const list = await listMigrations([join(dir, '*')]);
    class NeedsConfig1700000000001 {
      constructor(readonly config: object) {
        if (config === undefined) throw new Error('made without its dependency');
      }
      async up(): Promise<void> {}
    }
    const [one] = await resolveMigrations({ ...list, classes: [NeedsConfig1700000000001] });
    expect(one?.name).toBe('NeedsConfig1700000000001');
  });

  it('uses the order of the files if two migrations have the same timestamp, as TypeORM does', async () => {
    write('1700000000001-Second.js', classText('A1700000000002'));
    write('1700000000002-First.js', classText('Z1700000000002'));
    expect(await namesOf()).toEqual(['A1700000000002', 'Z1700000000002']);
    write('1700000000000-Zero.js', classText('Z1700000000002').replaceAll('Z17', 'Y17'));
    expect(await namesOf(['A1700000000002'])).toEqual(['Y1700000000002', 'A1700000000002', 'Z1700000000002']);
    expect(await namesOf()).toEqual(await namesOf(['Y1700000000002', 'A1700000000002', 'Z1700000000002']));
  });

  it.each([
    [
      'the same migration twice',
      { '1700000000001-A.js': classText('A1700000000001'), 'x/1700000000001-A.js': classText('A1700000000001') },
      'DUPLICATE_MIGRATION',
      'exists twice',
    ],
    [
      'a class without up',
      { '1700000000001-A.js': classText('A1700000000001', 'async down() {}') },
      'FILE_INVALID',
      'has no up method',
    ],
    [
      'a class without a timestamp',
      { 'a.js': classText('AddUsers') },
      'FILE_INVALID',
      'must end in a 13-digit timestamp',
    ],
    ['no class', { '1700000000001-A.js': 'exports.x = 1;' }, 'FILE_INVALID', 'exports no migration class'],
    [
      'a file that throws',
      { '1700000000001-A.js': `\n\nthrow new Error('boom');` },
      'FILE_LOAD_FAILED',
      '1700000000001-A.js:3',
    ],
    ['an empty .sql', { '1700000000001-A.sql': '-- up\n\n-- down\nSELECT 1;' }, 'FILE_INVALID', 'it has no SQL to run'],
    [
      'a .sql without a place in the order',
      { 'a.sql': 'SELECT 1' },
      'FILE_INVALID',
      'does not determine its place in the order',
    ],
    [
      'a repeatable .sql of Flyway',
      { 'R__a.sql': 'SELECT 1' },
      'FILE_INVALID',
      'Flyway runs a file R__… again whenever it has changed',
    ],
    [
      'two down files',
      { '1_a.sql': '-- up\nSELECT 1;\n-- down\nSELECT 2;', '1_a.down.sql': 'SELECT 3' },
      'FILE_INVALID',
      '1_a.down.sql exists as well',
    ],
    [
      'a down file with a header of its migration',
      { '1_a.up.sql': 'SELECT 1;', '1_a.down.sql': '-- transaction: false\nSELECT 3' },
      'FILE_INVALID',
      '`-- transaction: false` belongs in',
    ],
  ])('refuses %s', async (_title, files, code, text) => {
    for (const [path, content] of Object.entries(files)) write(path, content);
    const error = await failureOf(
      Promise.resolve().then(async () => Promise.all((await known([], join(dir, '**/*'))).map((one) => one.load()))),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
    expect(error.next).not.toBe('');
  });

  // In a process of its own: Jest has its own ways to load TypeScript and to report a missing module.
  it.each([
    ['a missing import', '1700000000001-A.js', `require('./nowhere');`, "Cannot find module './nowhere'"],
    [
      'TypeScript where nothing loads it',
      '1700000000001-A.ts',
      'export class B1700000000001 { private x: number = 1; async up(): Promise<void> {} }',
      'this process cannot load TypeScript',
    ],
  ])('refuses %s', async (_title, path, text, message) => {
    write(path, text);
    const script = `import('${resolve('build/esm/files/import-file.js')}').then((m) => m.importFile('${join(dir, path)}')).catch((e) => console.log(e.code, e.message, e.next))`;
    const { stdout } = await runNode(['-e', script], { cwd: dir });
    expect(stdout).toContain('FILE_LOAD_FAILED');
    expect(stdout).toContain(message);
  });

  it('reports patterns without a match, and folders instead of patterns', async () => {
    const list = await listMigrations([join(dir, 'none/*.js'), join(dir, '*.js')]);
    expect(list.unmatched.map(({ folder }) => folder)).toEqual([join(dir, 'none'), dir]);
    expect(list.folder).toBe(join(dir, 'none'));
    const error = await failureOf(listMigrations([dir]));
    expect(error.next).toContain(`/*.{ts,js,sql}`);
  });

  it('knows a thousand files without opening one', async () => {
    const names = Array.from({ length: 1000 }, (_, n) => `M${n}${1700000000000 + n}`);
    names.forEach((_name, n) => write(`${1700000000000 + n}-M${n}.js`, 'throw new Error("opened")'));
    expect(await namesOf(names)).toHaveLength(1000);
  });
});

describe('a change in one file', () => {
  const [step1, step2, last] = ['AddAgeStep11700000000001', 'AddAgeStep21700000000002', 'AddAge1700000000003'] as const;
  const closed = 'throw new Error("it was loaded");';
  const phases = ['expand', 'expand', 'contract'];
  const changeText = (texts: readonly string[] = [step1, step2, last]): string =>
    texts
      .map((name, index) => {
        const steps = name === last ? ' static steps = 3;' : '';
        return `exports.${name} = class ${name} {\n name = '${name}';\n static phase = '${phases[index]}';\n${steps}\n async up() {} };\n`;
      })
      .join('');

  it.each([
    ['plain text, not loaded', `${changeText()}${closed}`],
    [
      'a file that has to be loaded',
      `const mixed = (c) => c;\n${changeText().replace('= class', '= mixed(class').replace('up() {} };', 'up() {} });')}/* phase */`,
    ],
  ])('is known class by class: %s', async (_what, text) => {
    write('1700000000003-AddAge.js', text);
    const all = await known();
    expect(all.map(({ name, phase }) => [name, phase])).toEqual([
      [step1, 'expand'],
      [step2, 'expand'],
      [last, 'contract'],
    ]);
    if (text.endsWith(closed)) return;
    expect((await all[1]?.load())?.name).toBe(step2);
  });

  it('counts as applied when its last class is, and is not loaded', async () => {
    write('1700000000003-AddAge.js', closed);
    expect(await namesOf([step1, step2, last])).toEqual([step1, step2, last]);
    expect(await namesOf([last])).toEqual([last]);
    await expect(known([step1, step2])).rejects.toMatchObject({ code: 'FILE_LOAD_FAILED' });
    write('1700000000003-AddAge.js', changeText());
    expect(await namesOf([step1])).toEqual([step1, step2, last]);
  });

  it('is grouped by names alone, among classes and files of 0.1 as well', () => {
    const names = ['AddAge1600000000000', 'AddAgeIndexes1600000000001', step1, step2, last, 'StepStep11700000000009'];
    const all = names.map((name) => ({ name, timestamp: Number(name.slice(-13)) }));
    expect(changesIn(all).map(({ name, migrations }) => [name, migrations.length])).toEqual([
      [names[0], 1],
      [names[1], 1],
      [last, 3],
      [names[5], 1],
    ]);
  });

  it('is refused if one of its classes is missing, in a list and in a file', async () => {
    write('change.cjs', changeText());
    const all = createRequire(import.meta.url)(join(dir, 'change.cjs')) as Record<string, MigrationClass>;
    const classes = (...names: readonly string[]) => names.map((name) => all[name] as MigrationClass);
    const refused = { code: 'CHANGE_INCOMPLETE', message: expect.stringContaining(step1) as unknown };
    await expect(resolveMigrations(await listMigrations(classes(step2, last)))).rejects.toMatchObject(refused);
    await expect(resolveMigrations(await listMigrations(classes(last)))).rejects.toMatchObject(refused);
    expect(await resolveMigrations(await listMigrations(classes(step1, step2, last)))).toHaveLength(3);
    rmSync(join(dir, 'change.cjs'));
    write('1700000000003-AddAge.js', changeText([step2, last]));
    await expect(known()).rejects.toMatchObject(refused);
  });

  it('may be a file for each class', async () => {
    write('1700000000001-AddAgeStep1.js', changeText([step1]));
    write('1700000000002-AddAgeStep2.js', changeText([step2]));
    write('1700000000003-AddAge.js', changeText([last]));
    expect(await namesOf()).toEqual([step1, step2, last]);
    expect(await namesOf([step1, step2, last])).toEqual([step1, step2, last]);
  });
});

describe('a class that is recorded under a name other than that of its file', () => {
  const [file, recorded] = ['1700000000001-create-users.js', 'CreateUsersTable1700000000001'] as const;

  it('is found by its timestamp and its text, and the file is not loaded', async () => {
    write(file, `throw new Error("it was loaded, with ${recorded}");`);
    expect(await namesOf([recorded])).toEqual([recorded]);
    write(file, `exports.CreateUsers = class CreateUsers { name = '${recorded}'; async up() {} };`);
    const [one] = await known([recorded]);
    expect((await one?.load())?.name).toBe(recorded);
    expect(await namesOf()).toEqual([recorded]);
  });

  it.each([
    ['the file does not contain the name, because it belongs to another service', ['CreateOrders1700000000001'], {}],
    ['two rows have the timestamp', ['OneTable1700000000001', 'OtherTable1700000000001'], {}],
    [
      'another file has the name of the row',
      [recorded],
      { 'x/1700000000001-CreateUsersTable.js': classText(recorded) },
    ],
    [
      'the row is a step of another change',
      ['AddAgeStep11700000000001'],
      { '1700000000009-AddAge.js': classText('AddAge1700000000009') },
    ],
  ])('is not found that way if %s', async (_why, applied, others) => {
    write(file, classText('CreateUsers1700000000001'));
    for (const [path, text] of Object.entries(others)) write(path, text);
    const all = await resolving([join(dir, '**/*.js')], applied);
    expect(all).toContain('CreateUsers1700000000001');
  });
});

describe('.sql files', () => {
  const load = async (text: string) => {
    const [migration] = await known([], write('1700000000001-A.sql', text));
    return migration?.load();
  };
  const statementsOf = async (text: string, direction: 'up' | 'down' = 'up'): Promise<string[] | undefined> => {
    const loaded = await load(text);
    const seen: string[] = [];
    const runner = { query: (sql: string) => Promise.resolve(void seen.push(sql)) };
    const runnable = await loaded?.prepare(runner as never, () => Promise.reject(new Error('no')), 'run');
    if (direction === 'down' && runnable?.down === undefined) return undefined;
    await (direction === 'up' ? runnable?.up(runner as never) : runnable?.down?.(runner as never));
    return seen;
  };

  it('have sections, a mark for transactions, Windows line endings and a byte order mark', async () => {
    const text = '\uFEFF-- transaction: false\r\n\r\n-- up\r\nSELECT 1;\r\nSELECT 2;\r\n\r\n-- down\r\nSELECT 3;\r\n';
    expect(await statementsOf(text)).toEqual(['SELECT 1', 'SELECT 2']);
    expect(await statementsOf(text, 'down')).toEqual(['SELECT 3']);
    const loaded = await load(text);
    expect((await loaded?.prepare({} as never, () => Promise.reject(new Error('no')), 'run'))?.transaction).toBe(false);
    expect(loaded?.checksum).toBe((await load(text.replaceAll('\r\n', '  \n').replace('\uFEFF', '')))?.checksum);
    expect(loaded?.checksum).not.toBe((await load(text.replace('2', '4')))?.checksum);
  });

  it('are completely up without markers, and cannot be reverted without down', async () => {
    expect(await statementsOf('SELECT 1')).toEqual(['SELECT 1']);
    expect(await statementsOf('-- up\nSELECT 1', 'down')).toBeUndefined();
    expect(await statementsOf('-- up\nSELECT 1;\n-- down\n', 'down')).toEqual([]);
  });

  it.each([
    ['SELECT 1;\n-- up\nSELECT 2;', 'before its first'],
    ['-- up\nSELECT 1;\n-- up\nSELECT 2;', 'more than one'],
    ['-- transaction: maybe\n-- up\nSELECT 1;', 'must say true or false'],
    ['-- up\n\\connect other', 'a command of psql'],
    [
      "-- up\nSELECT 1;\nCOPY t (a, b) FROM stdin;\n1\tit's\n\\.\n",
      '1-A.sql is not a valid SQL migration: COPY … FROM STDIN (line 3)',
    ],
    ['-- up\nSELECT 1;\n\\i other.sql\nSELECT 2;', 'line 3 is a command of psql: \\i other.sql'],
    ['-- up\nSELECT 1;\nCOMMIT;', 'line 3 says COMMIT'],
  ])('refuses %j', async (text, message) => {
    expect((await failureOf(load(text))).message).toContain(message);
  });

  itInFull('reads a large one in pieces, whose text and checksum are those of the whole', async () => {
    const line = `INSERT INTO t VALUES ('it''s; "quötéd" $1 -- not a comment');\n`;
    const count = Math.ceil(5_000_000 / line.length);
    const text = `-- up\n${line.repeat(count)}-- down\nSELECT 1;\n\n`;
    expect(await statementsOf(text)).toEqual(Array.from({ length: count }, () => line.slice(0, -2)));
    const windows = `\uFEFF${text.replaceAll('\n', '\r\n')}`;
    expect(await statementsOf(windows, 'down')).toEqual(['SELECT 1']);
    const checksum = createHash('sha256').update(text.trimEnd()).digest('hex');
    for (const same of [text, windows, text.replaceAll('\n', '  \n')])
      expect((await load(same))?.checksum).toBe(checksum);
    // Not every line ends so: then it is part of the text.
    const mixed = `${text}SELECT 'a\r\nb';`;
    expect((await statementsOf(mixed, 'down'))?.at(-1)).toBe("SELECT 'a\r\nb'");
  });

  it('are refused if a large one is changed before it is executed', async () => {
    const text = `-- up\n${'SELECT 1;\n'.repeat(20_000)}`;
    const loaded = await load(text);
    const runnable = await loaded?.prepare({} as never, () => Promise.reject(new Error('no')), 'run');
    write('1700000000001-A.sql', text.replace('1', '22'));
    const error = await failureOf(Promise.resolve(runnable?.up({ query: () => Promise.resolve() } as never)));
    expect([error.code, error.message]).toEqual(['FILE_LOAD_FAILED', expect.stringContaining('was changed while')]);
  });
});

describe('a class whose name differs from that of its file', () => {
  const plain = (name: string, more = ''): string =>
    `throw new Error('loaded');\n${more}export class ${name} implements MigrationInterface {\n  name = '${name}';\n  async up() {}\n}\n`;

  it.each([
    ['in another case', '1700000000000-add-users.ts', plain('addUsers1700000000000'), 'addUsers1700000000000'],
    ['with another title', '1700000000000-x.ts', plain('Add_users1700000000000'), 'Add_users1700000000000'],
    ['with another timestamp', '1700000000000-a.ts', plain('A1700000000001'), 'A1700000000001'],
    [
      'as the default',
      '1700000000000-b.ts',
      plain('c1700000000000').replace('export class', 'export default class'),
      'c1700000000000',
    ],
  ])('is known without loading: %s', async (_how, file, text, name) => {
    write(file, text);
    expect(await known()).toMatchObject([{ name, phase: 'expand' }]);
  });

  it.each([
    ['beside another export', plain('b1700000000000', 'export const more = 1;\n')],
    ['whose property says otherwise', plain('b1700000000000').replace("name = 'b", "name = 'c")],
  ])('is known by loading: %s', async (_how, text) => {
    write('1700000000000-a.ts', text);
    await expect(known()).rejects.toThrow('1700000000000-a.ts');
  });
});

describe('the phase', () => {
  const asClass = (body: string, after = ''): string =>
    `throw new Error('loaded');\nexports.A1700000000000 = class A1700000000000 {\n  ${body}\n  async up() {}\n};\n${after}`;

  it.each([
    ['nothing', 'a.js', asClass(''), 'expand'],
    ['a static property', 'a.js', asClass(`static phase = 'contract';`), 'contract'],
    [
      'a static property of TypeScript',
      'a.ts',
      asClass(`public static readonly phase = "contract" as const;`),
      'contract',
    ],
    ['one with a type', 'a.ts', asClass(`static readonly phase: 'expand' | 'contract' = 'contract';`), 'contract'],
    ['expand', 'a.ts', asClass(`static readonly phase = 'expand';`), 'expand'],
    ['the output for older JavaScript', 'a.js', asClass('', `A1700000000000.phase = 'contract';\n`), 'contract'],
    ['a header', 'a.sql', '-- phase: contract\n-- transaction: false\n-- up\nSELECT 1', 'contract'],
    ['a header without sections', 'a.sql', '\uFEFF-- drops it\r\n\r\n--  Phase : CONTRACT \r\nSELECT 1', 'contract'],
    ['no header', 'a.sql', '-- up\n-- phase: contract\nSELECT 1', 'expand'],
    ['a comment further down', 'a.sql', 'SELECT 1;\n-- phase: contract\n', 'expand'],
  ])('is known without loading: %s', async (_title, file, text, phase) => {
    write(`1700000000000-${file}`, text);
    expect((await known()).map((one) => one.phase)).toEqual([phase]);
  });

  const contract = 'A1700000000000';
  it.each([
    ['in a static block', `exports.A = class ${contract} { static { this.phase = 'contract'; } async up() {} };`],
    [
      'defined',
      `class ${contract} { async up() {} }\nObject.defineProperty(${contract}, "phase", {\n  value: 'contract'\n});\nexports.A = ${contract};`,
    ],
    ['in one line', `class ${contract} { static phase='contract'; async up() {} } exports.A = ${contract};`],
    [
      'inherited',
      `class Base { static phase = 'contract'; }\nexports.A = class ${contract} extends Base { async up() {} };`,
    ],
    ['of the instance', `exports.A = class ${contract} { phase = 'contract'; async up() {} };`],
    ['computed', `const phase = 'contract';\nexports.A = class ${contract} { static phase = phase; async up() {} };`],
    [
      'in a different place than a comment',
      `// static phase = 'expand'\nexports.A = class ${contract} { static get phase() { return 'contract'; } async up() {} };`,
    ],
  ])('is known by loading if the text is unclear: %s', async (_title, text) => {
    write('1700000000000-a.cjs', text);
    const [migration] = await known();
    expect([migration?.phase, (await migration?.load())?.phase]).toEqual(['contract', 'contract']);
  });

  it.each([
    ['a.cjs', `exports.A = class A1700000000000 { static phase = 'contrakt'; async up() {} };`],
    ['a.sql', '-- phase: contract!\n-- up\nSELECT 1'],
  ])('must be spelt correctly: %s', async (file, text) => {
    write(`1700000000000-${file}`, text);
    const error = await failureOf(known().then(([migration]) => migration?.load()));
    expect([error.code, error.message]).toEqual([
      'FILE_INVALID',
      expect.stringContaining("must be 'expand' or 'contract', but is 'contra"),
    ]);
  });

  it('is read from classes, including those with dependencies', async () => {
    class Drop1700000000001 {
      static readonly phase = 'contract';
      constructor(readonly dependency: object) {}
      async up(): Promise<void> {}
    }
    const list = await listMigrations([migration('Add1700000000000', { up: [] }), Drop1700000000001] as never);
    expect((await resolveMigrations(list)).map(({ phase }) => phase)).toEqual(['expand', 'contract']);
  });
});

describe('whether a pattern will match a file', () => {
  // Of two files of one name, a source and what is compiled of it, one would count.
  const names = ['1700000000000-A.ts', '1700000000000-B.js', '1700000000000-C.sql', '1700000000000-A.d.ts', 'a.txt'];
  it.each([
    'migrations/*.ts',
    'migrations/*.{ts,js,sql}',
    'migrations/*{.ts,.js}',
    'migrations/**/*{.ts,.js}',
    '**/*.[tj]s',
    'migrations/+([0-9])-*.ts',
    'migrations/2*-*.ts',
    'migrations/*',
    '*/1700000000000-A.ts',
    'elsewhere/*.ts',
    'linked/*.ts',
    '../{dir}/migrations/*.ts',
    '{dir}/migrations/*.ts',
  ])('is known before the file exists: %s', async (given) => {
    const pattern = given.replace('{dir}', given.startsWith('..') ? basename(dir) : dir);
    mkdirSync(join(dir, 'sources/migrations'), { recursive: true });
    symlinkSync(join(dir, 'sources/migrations'), join(dir, 'migrations'));
    symlinkSync(join(dir, 'sources/migrations'), join(dir, 'linked'));
    const before = process.cwd();
    process.chdir(dir);
    try {
      const files = names.map((name) => join(dir, 'migrations', name));
      const foreseen = await Promise.all(files.map((file) => willMatch(pattern, file)));
      for (const file of files) writeFileSync(file, '');
      const found = new Set((await listMigrations([pattern])).files.map(({ file }) => realpathSync(file)));
      expect(foreseen).toEqual(files.map((file) => found.has(realpathSync(file))));
    } finally {
      process.chdir(before);
    }
  });
});

describe('create', () => {
  const existing = async () => listMigrations([join(dir, 'migrations/*')]);
  const make = async (name: string, more: object = {}) =>
    create(
      { name, language: 'ts', ...more },
      { dataSource: {} as DataSource, dir: undefined, cwd: dir, list: existing },
    );

  it('writes TypeScript, JavaScript and SQL that can be loaded', async () => {
    write('package.json', '{ "type": "module" }');
    const { file, name } = await make('add users');
    expect(file).toMatch(/^migrations\/\d{13}-AddUsers\.ts$/);
    expect(readFileSync(join(dir, file), 'utf8')).toContain(`export class ${name} implements MigrationInterface {`);
    const esm = await make('Two', { language: 'js' });
    const cjs = await make('Three', { language: 'js', moduleKind: 'cjs' });
    expect(readFileSync(join(dir, esm.file), 'utf8')).toContain(`export class ${esm.name} {`);
    expect(readFileSync(join(dir, cjs.file), 'utf8')).toContain(`module.exports.${cjs.name} = class`);
    expect(readFileSync(join(dir, (await make('Four', { language: 'sql' })).file), 'utf8')).toBe(
      '-- up\n\n\n-- down\n\n',
    );
  });

  it('refuses a language that it does not know, which would become the ending of a file', async () => {
    await expect(make('Program', { language: 'exe' })).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: '`language` must be one of ts, js, sql, but is "exe". Nothing was written.',
    });
  });

  it('gives each file a later timestamp, however many are created at once', async () => {
    write('migrations/9000000000000-Future.sql', '-- up\nSELECT 1');
    const all = await Promise.all(Array.from({ length: 12 }, (_, n) => make(`M${n % 3}`)));
    const stamps = all.map(({ file }) => Number(/\d{13}/.exec(file)?.[0]));
    expect(new Set(stamps).size).toBe(12);
    expect(Math.min(...stamps)).toBeGreaterThan(9000000000000);
    expect(readdirSync(join(dir, 'migrations')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each([
    ['it\'s "quoted"', 'ItSQuoted'],
    ['déjà vu', 'DéjàVu'],
    ['class', 'Class'],
    ['add users.email', 'AddUsersEmail'],
    ['a/../b', 'AB'],
  ])('derives a name from %j', async (given, title) =>
    expect((await make(given)).name).toMatch(new RegExp(`^${title}\\d{13}$`)),
  );

  it.each(['', '   ', '../..', '123', 'x'.repeat(101)])('refuses %j as a name', async (given) =>
    expect((await failureOf(make(given))).code).toBe('USAGE'),
  );

  it('reports why it could not write', async () => {
    write('migrations', 'a file, not a folder');
    const error = await failureOf(make('X'));
    expect([error.code, error.message]).toEqual(['FILE_NOT_WRITTEN', expect.stringMatching(/EEXIST|ENOTDIR/)]);
  });
});

it('migration() of the tests creates classes that TypeORM accepts', () =>
  expect(migration('A1700000000001', { up: [] }).name).toBe('A1700000000001'));
