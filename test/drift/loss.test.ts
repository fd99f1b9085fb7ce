import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import type { ColumnType, EntitySchemaColumnOptions } from 'typeorm';
import type { DriftResult } from '../../src/index.js';
import { createMigrator } from '../../src/migrator.js';
import type { Migrator } from '../../src/migrator.js';
import { runCli } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration } from '../support/migrations.js';
import { createProject } from '../support/project.js';

/** A type of a column that becomes another one. */
interface Pair {
  readonly from: string;
  readonly to: string;
  /** In SQL. */
  readonly values: readonly string[];
  /** What becomes of one of the values without any error, by an explicit cast, and by an assignment. */
  readonly lost: 'by a cast' | 'either way' | 'never';
}

const lost = (from: string, to: string, ...values: readonly string[]): Pair => ({
  from,
  to,
  values,
  lost: 'either way',
});
const cut = (from: string, to: string, ...values: readonly string[]): Pair => ({ from, to, values, lost: 'by a cast' });
const kept = (from: string, to: string, ...values: readonly string[]): Pair => ({ from, to, values, lost: 'never' });

const pairs: readonly Pair[] = [
  // Texts
  cut('varchar(100)', 'varchar(50)', `repeat('x', 60)`, `'short'`),
  kept('varchar(50)', 'varchar(100)', `repeat('x', 50)`),
  cut('text', 'varchar(5)', `'abcdefgh'`),
  kept('varchar(5)', 'text', `'abcde'`),
  kept('text', 'text COLLATE "C"', `'abcde'`),
  kept('char(5)', 'varchar(5)', `'ab'`),
  lost('varchar(5)', 'char(5)', `'a  '`),
  cut('char(10)', 'char(5)', `'abcdefgh'`),
  lost('text', 'name', `repeat('x', 70)`),
  lost('varchar(20)', '"char"', `'abc'`),
  cut('integer', 'varchar(3)', '12345'),
  kept('bigint', 'varchar(20)', '-9223372036854775808'),
  kept('uuid', 'varchar(36)', 'gen_random_uuid()'),
  cut('uuid', 'varchar(10)', 'gen_random_uuid()'),
  kept('date', 'varchar(20)', `'4713-01-01 BC'`),
  cut('numeric(10, 2)', 'varchar(5)', '123456.78'),
  kept('numeric(10, 2)', 'varchar(13)', '-12345678.12'),
  cut('varchar(50)[]', 'varchar(3)[]', `ARRAY['abcdef']`),
  cut('varchar(100)', 'short', `'abcdefgh'`),
  kept('short', 'text', `'abcde'`),
  kept('mood', 'text', `'ok'`),
  cut('mood', 'varchar(2)', `'sad'`),
  kept('mood', 'varchar(3)', `'sad'`),
  kept('text', 'mood', `'ok'`, `'bad'`),
  lost('text', 'integer', `'007'`, `'x'`),
  lost('text', 'uuid', `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`),
  lost('text', 'date', `'2024-01-01 13:00'`),
  lost('text', 'jsonb', `'{"a": 1, "a": 2}'`),
  kept('text', 'json', `'{"a": 1, "a": 2}'`),
  // Numbers
  lost('numeric(10, 4)', 'numeric(10, 2)', '1.2345'),
  lost('numeric', 'numeric(10, 2)', '1.2345'),
  kept('numeric(10, 2)', 'numeric(8, 2)', '12345678.12', '1.23'),
  kept('numeric(10, 2)', 'numeric(12, 4)', '12345678.12'),
  lost('numeric(10, 2)', 'integer', '1.5'),
  kept('numeric(9, 0)', 'integer', '999999999'),
  lost('numeric(20, 0)', 'double precision', '12345678901234567890'),
  kept('numeric(10, 2)', 'double precision', '12345678.91'),
  lost('numeric(10, 4)', 'money', '1.2345'),
  kept('money', 'numeric(10, 2)', '1.25'),
  lost('money', 'numeric(10, 1)', '1.25'),
  kept('bigint', 'integer', '5000000000', '5'),
  kept('integer', 'bigint', '5'),
  kept('integer', 'numeric(4, 2)', '1234', '5'),
  lost('bigint', 'double precision', '9007199254740993'),
  lost('integer', 'real', '16777217'),
  kept('integer', 'double precision', '2147483647'),
  kept('real', 'double precision', '0.1'),
  lost('double precision', 'real', '0.1234567890123'),
  lost('double precision', 'numeric', '0.1::float8 + 0.2::float8'),
  lost('double precision', 'integer', '1.7'),
  cut('integer', 'boolean', '5'),
  kept('boolean', 'integer', 'true'),
  lost('numeric(10, 2)[]', 'integer[]', 'ARRAY[1.5]'),
  kept('integer[]', 'bigint[]', 'ARRAY[1]'),
  cut('jsonb', 'integer', `'1.6'`),
  cut('bit(5)', 'bit(3)', `B'10101'`),
  cut('bit varying(5)', 'bit varying(2)', `B'10101'`),
  kept('bit(3)', 'bit varying(5)', `B'101'`),
  // Times
  lost('timestamp', 'timestamp(0)', `'2024-01-01 10:00:00.7'`),
  kept('timestamp(3)', 'timestamp', `'2024-01-01 10:00:00.123'`),
  lost('timestamptz', 'timestamptz(3)', `'2024-01-01 10:00:00.123456+02'`),
  lost('timestamp', 'date', `'2024-01-01 10:00'`),
  kept('date', 'timestamp', `'2024-01-01'`),
  kept('date', 'timestamptz', `'2024-01-01'`),
  // In Berlin, an hour is there twice, and another one is not there at all.
  lost('timestamptz', 'timestamp', `'2024-10-27 02:30+02'`, `'2024-10-27 02:30+01'`),
  lost('timestamp', 'timestamptz', `'2024-03-31 02:30'`),
  lost('time', 'time(0)', `'10:00:00.7'`),
  lost('timestamp', 'time', `'2024-01-01 10:00'`),
  kept('time', 'interval', `'10:00'`),
  lost('interval', 'time', `'2 days 03:00'`),
  lost('interval', 'interval(0)', `'1.5 s'`),
  lost('interval', 'interval year to month', `'1 year 3 days'`),
  kept('interval day to second(3)', 'interval', `'1 day 1.5 s'`),
  lost('timetz', 'time', `'10:00+05'`),
  // Others
  lost('inet', 'cidr', `'10.0.0.1/8'`),
  kept('cidr', 'inet', `'10.0.0.0/8'`),
  kept('macaddr', 'macaddr8', `'08:00:2b:01:02:03'`),
  kept('macaddr8', 'macaddr', `'08:00:2b:01:02:03:04:05'`),
  kept('json', 'jsonb', `'{"b": 1, "a": 2}'`),
  kept('jsonb', 'json', `'{"b": 1, "a": 2}'`),
];

const types = [`CREATE TYPE mood AS ENUM ('sad', 'ok')`, 'CREATE DOMAIN short AS varchar(5)'];
type Chosen = readonly (readonly [index: number, pair: Pair])[];
const all: Chosen = pairs.map((pair, index) => [index, pair]);
const table = (chosen: Chosen, which: 'from' | 'to'): string =>
  `CREATE TABLE pairs (${['id int PRIMARY KEY', ...chosen.map(([index, pair]) => `c${index} ${pair[which]}`)].join(', ')})`;

/** Has the old types, and rows. */
async function filled(chosen: Chosen, before: readonly string[] = []): Promise<TestDatabase> {
  const made = await createDatabase();
  await made.query(`ALTER DATABASE ${made.name} SET TimeZone = 'Europe/Berlin'`);
  await made.disconnect();
  for (const sql of before) await made.query(sql);
  await made.query(table(chosen, 'from'));
  const most = Math.max(...chosen.map(([, { values }]) => values.length));
  for (let row = 0; row < most; row++) {
    const values = chosen.map(([, { values: own }]) => own[row] ?? 'NULL');
    await made.query(`INSERT INTO pairs VALUES (${[row, ...values].join(', ')})`);
  }
  return made;
}

async function withMigrator<T>(url: string, options: object, work: (migrator: Migrator) => Promise<T>): Promise<T> {
  const migrator = createMigrator({ dataSource: new DataSource({ type: 'postgres', url, ...options }) });
  try {
    return await work(migrator);
  } finally {
    await migrator.close();
  }
}

const names = (chosen: Chosen) => chosen.map(([index, { from, to }]) => [`${from} → ${to}`, index] as const);

describe('drift', () => {
  const create = migration('CreatePairs1700000000000', { up: [...types, table(all, 'to')] });
  let database: TestDatabase;
  let result: DriftResult;
  beforeAll(async () => {
    database = await filled(all, types);
    const options = { migrations: [create] };
    await withMigrator(database.url, options, (migrator) => migrator.run({ mode: 'fake' }));
    result = await withMigrator(database.url, options, (migrator) => migrator.drift({ shadow: serverUrl() }));
  });
  afterAll(() => database.drop());

  it.each(names(all))('reports exactly what the statements lose: %s', async (_, index) => {
    const own = result.repair.filter((sql) => sql.includes(`"c${index}"`));
    expect(own.length).toBeGreaterThan(0);
    const isLost = pairs[index]?.lost !== 'never';
    expect(await changesValue(index, own, database)).toBe(isLost);
    const warning = result.warnings.find((one) => one.startsWith('Repairing it would lose data: '));
    expect(warning?.includes(`"c${index}" TYPE`)).toBe(isLost);
    expect(result.losses.some(({ sql }) => own.includes(sql))).toBe(isLost);
  });
});

/** Whether one of the values is another one after the statements, without any error. */
async function changesValue(index: number, convert: readonly string[], database: TestDatabase): Promise<boolean> {
  const { from, values } = pairs[index] as Pair;
  const shown = `(c${index}::${from.replace(/ COLLATE .*/, '')})${from === 'json' ? '::jsonb' : ''}::text`;
  const client = await database.client();
  let changed = false;
  for (const row of values.keys()) {
    await client.query(`BEGIN; DELETE FROM pairs WHERE id <> ${row}`);
    const ask = async (expression: string): Promise<unknown> =>
      (await client.query(`SELECT ${expression} AS value FROM pairs`)).rows[0];
    const before = await ask(shown);
    try {
      for (const sql of convert) await client.query(sql);
      await client.query('SAVEPOINT converted');
      const after = await ask(shown).catch(async () => {
        await client.query('ROLLBACK TO converted');
        return ask(`c${index}::text`);
      });
      changed ||= JSON.stringify(after) !== JSON.stringify(before);
    } catch (error) {
      // That the server refuses it is no loss.
      expect((error as { readonly code?: string }).code).toMatch(/^22/);
    }
    await client.query('ROLLBACK');
  }
  await client.end();
  return changed;
}

describe('baseline and generate', () => {
  /** What an entity can say, and what PostgreSQL converts without an expression or a time zone. */
  const chosen = all.filter(
    ([, { from, to }]) =>
      optionsOf(to) !== undefined &&
      !/^(?:short|mood)$/.test(from) &&
      !(from.startsWith('text') && !to.includes('char')) &&
      !/^(?:integer → boolean|boolean → integer|jsonb → integer|timestamptz → timestamp|timestamp → timestamptz|date → timestamptz)$/.test(
        `${from} → ${to}`,
      ),
  );
  const entity = new EntitySchema({
    name: 'pairs',
    columns: Object.fromEntries([
      ['id', { type: 'int', primary: true }],
      ...chosen.map(([index, { to }]) => [`c${index}`, { ...optionsOf(to), nullable: true }] as const),
    ]) as Record<string, EntitySchemaColumnOptions>,
  });
  const options = { entities: [entity], migrations: ['migrations/*.sql'] };
  let database: TestDatabase;
  beforeAll(async () => void (database = await filled(chosen)));
  afterAll(() => database.drop());

  function optionsOf(type: string): EntitySchemaColumnOptions | undefined {
    const known =
      /^(?<base>text|varchar|char|numeric|money|integer|bigint|real|double precision|timestamptz?|timetz|time|date|interval|inet|cidr|macaddr8?|jsonb?|uuid|bit)(?:\((?<first>\d+)(?:, (?<second>\d+))?\))?$/.exec(
        type,
      )?.groups;
    if (!known) return undefined;
    const { base, first, second } = known;
    const type_ = base as ColumnType;
    if (first === undefined) return { type: type_ };
    if (/char|bit/.test(base ?? '')) return { type: type_, length: Number(first) };
    return { type: type_, precision: Number(first), ...(second && { scale: Number(second) }) };
  }

  it('baseline reports what the statements lose', async () => {
    const { drift, losses } = await withMigrator(database.url, options, (migrator) =>
      migrator.baseline({ check: true, language: 'sql', shadow: serverUrl() }),
    );
    expect(drift.length).toBeGreaterThan(chosen.length / 2);
    const said = chosen.filter(([index]) => losses.some(({ sql }) => sql.includes(`"c${index}" TYPE`)));
    expect(said).toEqual(chosen.filter(([, { lost: when }]) => when !== 'never'));
  });

  it('generate assigns values, and asks about conversions that lose data', async () => {
    const failure = await withMigrator(database.url, options, (migrator) =>
      failureOf(
        migrator.generate({ language: 'sql', dryRun: true, from: database.url, shadow: serverUrl(), cache: false }),
      ),
    );
    expect(failure.code).toBe('DECISION_NEEDED');
    const said = chosen.filter(([index]) => failure.message.includes(`values of column pairs.c${index}: `));
    expect(said).toEqual(chosen.filter(([, { lost: when }]) => when === 'either way'));
  });

  it.each(names(chosen))('the loss is real: %s', async (_, index) => {
    const { to, lost: when } = pairs[index] as Pair;
    const assign = [
      `CREATE TABLE assigned (id int, c${index} ${to})`,
      `INSERT INTO assigned SELECT id, c${index} FROM pairs`,
      'ALTER TABLE pairs RENAME TO old',
      'ALTER TABLE assigned RENAME TO pairs',
    ];
    expect(await changesValue(index, assign, database)).toBe(when === 'either way');
  });
});

it('the commands print the loss beside the statement', async () => {
  const database = await filled(all.filter(([, { from }]) => from === 'numeric(10, 4)').slice(0, 1));
  const [index] = all.find(([, { from }]) => from === 'numeric(10, 4)') ?? [0];
  const project = createProject({
    'package.json': '{ "name": "app", "type": "module" }',
    'data-source.js': `import { EntitySchema } from 'typeorm';
import { defineDataSource } from 'nest-migrate/data-source';
const pairs = new EntitySchema({ name: 'pairs', columns: { id: { type: 'int', primary: true }, c${index}: { type: 'numeric', precision: 10, scale: 2, nullable: true } } });
export default defineDataSource({ entities: [pairs], migrations: ['migrations/*.sql'] });
`,
    'migrations/1700000000000-pairs.sql': `-- up\nCREATE TABLE pairs (id int PRIMARY KEY, c${index} numeric(10, 2));\n-- down\n`,
  });
  const cli = (...args: readonly string[]) =>
    runCli([...args, '--shadow', serverUrl()], { cwd: project.dir, env: { DATABASE_URL: database.url } });
  const statement = `  ALTER TABLE "public"."pairs" ALTER COLUMN "c${index}" TYPE numeric(10,2) USING "c${index}"::numeric(10,2);`;
  const words = `-- Loses data: values of column pairs.c${index}: decimals after the first 2 are rounded.`;
  const baseline = await cli('baseline', '--check');
  expect([baseline.stdout, baseline.code]).toEqual([expect.stringContaining(`  ${words}\n${statement}\n`), 3]);
  await runCli(['run', '--fake'], { cwd: project.dir, env: { DATABASE_URL: database.url } });
  const drift = await cli('drift', '--sql');
  expect(drift.stdout).toContain(`${words}\n${statement.trim()}\n`);
  expect(drift.stderr).toContain('Repairing it would lose data: ');
  project.remove();
  await database.drop();
});
