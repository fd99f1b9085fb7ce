import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema, getMetadataArgsStorage } from 'typeorm';
import { DataSource as OldDataSource } from 'typeorm-0-3';
import { closeEmbedded, embeddedDriver } from '../../src/data-source/embedded.js';
import type { SqlClient } from '../../src/database/sql-client.js';
import { isMigrateError } from '../../src/errors.js';
import type { MigrateError } from '../../src/errors.js';
import { createEntities } from '../../src/shadow/entities.js';
import { typeormMetadataRows } from '../../src/shadow/typeorm-metadata.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { columnCases, entityCases, entityOf } from '../support/entity-corpus.js';
import type { ColumnCase, EntityCase } from '../support/entity-corpus.js';
import { itInFull } from '../support/sample.js';

const versions = { '1.x': DataSource, '0.3': OldDataSource as unknown as typeof DataSource } as const;
type Version = keyof typeof versions;
const both = Object.keys(versions) as Version[];

let databases: TestDatabase[] = [];
let sources: DataSource[] = [];
async function closeAll(): Promise<void> {
  await Promise.all(sources.map((source) => source.destroy()));
  await Promise.all(databases.map((database) => database.drop()));
  [databases, sources] = [[], []];
}

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  return database;
}

async function connect(
  version: Version,
  { entities, options = {} }: Omit<EntityCase, 'title'>,
  at: object,
): Promise<DataSource> {
  const settings = { type: 'postgres', installExtensions: false, entities, ...options, ...at };
  const source = await new versions[version](settings as never).initialize();
  sources.push(source);
  return source;
}

/** On a new database of the test server. */
async function created(
  version: Version,
  given: Omit<EntityCase, 'title'>,
): Promise<{ database: TestDatabase; source: DataSource; ran: string[] }> {
  const database = await emptyDatabase();
  const source = await connect(version, given, { url: database.url });
  const ran: string[] = [];
  await createEntities(source, (sql) => {
    ran.push(sql);
    return database.query(sql);
  });
  return { database, source, ran };
}

async function failureOf(work: Promise<unknown>): Promise<MigrateError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isMigrateError(error)) throw new Error(`Not a MigrateError: ${String(error)}`);
  return error;
}

// Both versions keep decorated classes in one global place; 0.3 asks it for what 1.x has dropped.
Object.assign(getMetadataArgsStorage(), { filterRelationCounts: () => [] });

const leftOf = async (source: DataSource): Promise<readonly string[]> =>
  (await source.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);

describe.each(both)('columns, TypeORM %s', (version) => {
  const names = new Map(columnCases.map((one, index) => [one, `c${String(index).padStart(3, '0')}`]));
  let database: TestDatabase;
  beforeAll(async () => {
    const entities = columnCases.map((one) => entityOf(one, names.get(one) ?? ''));
    ({ database } = await created(version, { entities }));
  });
  afterAll(closeAll);

  it('are many', () => expect(columnCases.length).toBeGreaterThan(150));

  it.each(columnCases.map((one) => [one.title, one] as const))('%s', async (_title, one: ColumnCase) => {
    const name = names.get(one) ?? '';
    const column = one.column.name ?? 'c';
    const [found] = await database.query(
      `SELECT format_type(atttypid, atttypmod) AS type, pg_get_expr(adbin, adrelid) AS "default"
       FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = $1::regclass AND attname = $2`,
      [name, column],
    );
    const { type, default: expression } = found as { readonly type: string; readonly default: string | null };
    if (one.means === null) return expect(expression).toBeNull();
    // Compared as the texts of what the column would hold.
    const meant = one.means instanceof RegExp ? 'NULL' : `(${one.means})`;
    const [values] = await database.query(
      `SELECT (${expression})::${type}::text AS is, ${meant}::${type}::text AS meant`,
    );
    if (one.means instanceof RegExp) expect(values?.['is']).toMatch(one.means);
    else expect(values?.['is']).toBe(values?.['meant']);
  });
});

describe.each(both)('entities, TypeORM %s', (version) => {
  afterEach(closeAll);
  const cases = entityCases.filter(({ since }) => since === undefined || version === '1.x');

  it.each(cases.map((one) => [one.title, one] as const))('%s: TypeORM has nothing to add', async (_title, one) => {
    const { source } = await created(version, one);
    const left = await leftOf(source);
    expect(left.filter((sql) => !one.neverAgreed?.test(sql))).toEqual([]);
  });
});

/** For a table each: what is wrong with it. */
const thing = (name: string, columns: Record<string, object>, options: object = {}): EntitySchema =>
  new EntitySchema({ name, ...options, columns: { id: { type: 'int', primary: true }, ...columns } } as never);

const foreignKey = (target: string, column: string): object => ({
  foreignKeys: [{ target, columnNames: [column], referencedColumnNames: ['id'] }],
});

describe.each(both)('errors, TypeORM %s', (version) => {
  afterEach(closeAll);

  it.each([
    [
      'an enum name with two meanings',
      [
        thing('Ticket', { state: { type: 'enum', enum: ['a', 'b'], enumName: 'state' } }),
        thing('Job', { status: { type: 'enum', enum: ['b', 'a'], enumName: 'state' } }),
      ],
      'ENTITIES_INVALID',
      /^Ticket\.state and Job\.status both have the enum type "state", with different values:\n {2}Ticket\.state: a, b\n {2}Job\.status: b, a$/,
    ],
    [
      'enum names that only look different',
      [
        thing('user', { log_kind: { type: 'enum', enum: ['a'] } }),
        thing('user_log', { kind: { type: 'enum', enum: ['b'] } }),
      ],
      'ENTITIES_INVALID',
      /^user\.log_kind and user_log\.kind both have the enum type "user_log_kind_enum"/,
    ],
    [
      'a foreign key between columns of different types',
      [thing('Post', {}), thing('Comment', { post: { type: 'varchar' } }, foreignKey('Post', 'post'))],
      'ENTITIES_INVALID',
      /^Entity Comment \(table comment\) cannot be created: foreign key constraint .* cannot be implemented \(42804\)/,
    ],
    [
      'a check that is not SQL',
      [thing('Fine', {}), thing('Post', {}, { checks: [{ expression: '"id" >' }] })],
      'ENTITIES_INVALID',
      /^Entity Post \(table post\) cannot be created: syntax error at or near "\)" \(42601\)\.\n.*CHECK \("id" >\).*\n +\^$/,
    ],
    [
      'a default of another type',
      [thing('Post', { at: { type: 'timestamptz', default: 'tomorrowish' } }, { schema: 'blog', tableName: 'posts' })],
      'ENTITIES_INVALID',
      /^Entity Post \(table blog\.posts\) cannot be created: invalid input syntax for type timestamp with time zone: "tomorrowish"/,
    ],
    [
      'an index name used twice',
      [
        thing('One', {}, { indices: [{ name: 'idx', columns: ['id'] }] }),
        thing('Two', {}, { indices: [{ name: 'idx', columns: ['id'] }] }),
      ],
      'ENTITIES_INVALID',
      /^Entity Two \(table two\) cannot be created: relation "idx" already exists/,
    ],
    [
      'several errors at once, without the ones that only result from them',
      [
        thing('Post', {}, { checks: [{ expression: '"id" >' }] }),
        thing('Comment', { post: { type: 'int' } }, foreignKey('Post', 'post')),
        thing('Job', { at: { type: 'timestamptz', default: 'tomorrowish' } }),
        thing('Two', {}, { indices: [{ name: 'idx', columns: ['id'] }] }),
        thing('Two2', {}, { indices: [{ name: 'idx', columns: ['id'] }] }),
        new EntitySchema({ name: 'Sums', type: 'view', expression: 'SELECT id FROM post', columns: {} } as never),
      ],
      'ENTITIES_INVALID',
      /^(?!.*Comment \()(?!.*Sums)Entity Post \(table post\).*\nEntity Job \(table job\).*\nEntity Two2 \(table two2\) cannot be created: relation "idx" already exists/s,
    ],
    [
      'a view of nothing',
      [
        new EntitySchema({
          name: 'Sums',
          type: 'view',
          expression: 'SELECT 1 AS id FROM missing',
          columns: {},
        } as never),
      ],
      'ENTITIES_INVALID',
      /^Entity Sums \(view sums\) cannot be created: relation "missing" does not exist/,
    ],
    [
      'a type of a missing extension',
      [thing('Shop', { place: { type: 'geography' } })],
      'SHADOW_EXTENSION',
      /^The entities need the extension postgis \(Shop\.place has the type geography\), which the shadow does not have: /,
    ],
    [
      'a generated column without a numeric type',
      [thing('Post', { n: { type: 'text', generated: 'increment' } })],
      'ENTITIES_INVALID',
      /^Entity Post /,
    ],
  ] as const)('%s', async (_title, entities, code, message) => {
    const failure = await failureOf(created(version, { entities }));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    if (failure.message.includes('foreign key')) expect(failure.next).toMatch(/^Give both columns the same type\. /);
    if (code === 'SHADOW_EXTENSION') expect(failure.next).toContain('--shadow postgres://');
  });
});

describe.each(both)('enums, TypeORM %s', (version) => {
  afterEach(closeAll);

  it('of the same name: one without values gets those of the others, in any order', async () => {
    const column = (values?: readonly string[]) => ({ kind: { type: 'enum', enum: values, enumName: 'Kind' } });
    const [bare, whole] = [thing('a', column()), thing('b', column(['x', 'y']))];
    for (const entities of [
      [bare, whole],
      [thing('c', column(['x', 'y'])), thing('d', column())],
    ]) {
      const { database, ran } = await created(version, { entities });
      expect(ran.filter((sql) => sql.startsWith('CREATE TYPE'))).toEqual([
        `CREATE TYPE "public"."Kind" AS ENUM('x', 'y')`,
      ]);
      const columns = await database.query(
        `SELECT udt_name FROM information_schema.columns WHERE column_name = 'kind'`,
      );
      expect(columns).toEqual([{ udt_name: 'Kind' }, { udt_name: 'Kind' }]);
    }
  });
});

describe.each(both)("TypeORM's metadata, TypeORM %s", (version) => {
  afterEach(closeAll);
  const named = (title: string): EntityCase => {
    const found = entityCases.find((one) => one.title === title);
    if (found === undefined) throw new Error(`There is no case ${title}.`);
    return found;
  };

  it('contains rows of views and generated columns, with the requested name of the database', async () => {
    const { database, source, ran } = await created(version, named('generated columns'));
    const rows = await typeormMetadataRows(pool(source), source);
    expect(rows).toEqual([
      { type: 'GENERATED_COLUMN', schema: 'public', table: 'generating', name: 'doubled', value: '"width" * 2' },
      {
        type: 'GENERATED_COLUMN',
        schema: 'public',
        table: 'generating',
        name: 'search',
        value: `to_tsvector('english', "name" || ' it''s $1')`,
      },
      { type: 'GENERATED_COLUMN', schema: 'public', table: 'generating', name: 'short', value: 'substr("name", 1, 3)' },
    ]);
    expect(ran.join('\n')).not.toContain(database.name);
    expect(await database.query('SELECT DISTINCT "database" FROM typeorm_metadata')).toEqual([
      { database: database.name },
    ]);
  });

  it('is in the place that the options name', async () => {
    const { source } = await created(version, named('a schema of the data source'));
    const rows = await typeormMetadataRows(pool(source), source);
    expect(rows.map(({ type, schema, table, name }) => [type, schema, table, name])).toEqual([
      ['GENERATED_COLUMN', 'app', 'generating', 'doubled'],
      ['GENERATED_COLUMN', 'app', 'generating', 'search'],
      ['GENERATED_COLUMN', 'app', 'generating', 'short'],
      ['VIEW', 'app', null, 'c_counts'],
    ]);
  });

  it('is empty if there is nothing to store', async () => {
    const { source, ran } = await created(version, named('trees: nested set'));
    expect(await typeormMetadataRows(pool(source), source)).toEqual([]);
    expect(ran.join('\n')).not.toContain('typeorm_metadata');
  });

  it('ignores entities that are not synchronized, and creates what they are referred to with', async () => {
    const tables = async (title: string): Promise<readonly unknown[]> => {
      const { database, source } = await created(version, named(title));
      const rows = await database.query(
        "SELECT relname FROM pg_class WHERE relname LIKE 'legacy_%' AND relkind = 'r' ORDER BY 1",
      );
      expect(source.entityMetadatas.filter(({ synchronize }) => !synchronize).map(({ name }) => name)).toContain(
        'UnusedLegacy',
      );
      return rows.map(({ relname }) => relname);
    };
    expect(await tables('synchronize: false')).toEqual([]);
    expect(await tables('synchronize: false, referred to')).toEqual(['legacy_account', 'legacy_place']);
  });

  it('an index that two decorators declare alike is created once', async () => {
    const indices = [{ columns: ['id'] }, { columns: ['id'] }];
    const { ran } = await created(version, { entities: [thing('One', {}, { indices })] });
    expect(ran.filter((sql) => sql.startsWith('CREATE INDEX'))).toHaveLength(1);
  });

  it('entities build no index concurrently on an empty table', async () => {
    const { ran } = await created(version, named('uniques, checks, exclusions, indexes'));
    expect(ran.filter((sql) => sql.includes('concurrent_'))).toHaveLength(2);
    expect(ran.join('\n')).not.toContain('CONCURRENTLY');
  });

  it('entities are created in the same way every time, one statement each', async () => {
    const run = async (): Promise<readonly string[]> =>
      (await created(version, { entities: named('several schemas, shared enums').entities })).ran;
    const [first, second] = [await run(), await run()];
    expect(second).toEqual(first);
    expect(first.filter((sql) => sql.includes('"priority" AS ENUM'))).toHaveLength(2);
  });
});

describe('in this process', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-entities-'));
  afterAll(async () => {
    await closeAll();
    await closeEmbedded();
    rmSync(dir, { recursive: true, force: true });
  });

  itInFull('the embedded PostgreSQL does the same', async () => {
    const driver = embeddedDriver({ dir: join(dir, 'postgres') });
    const entities = [...columnCases.map((one, index) => entityOf(one, `c${index}`)), ...everyEntity()];
    const source = await connect('1.x', { entities }, { driver, poolSize: 1 });
    await createEntities(source, (sql) => source.query(sql));
    const { database, source: other } = await created('1.x', { entities });
    const columns = `SELECT table_schema, table_name, column_name, udt_name, column_default FROM information_schema.columns
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3`;
    expect(await source.query(columns)).toEqual(await database.query(columns));
    expect(await typeormMetadataRows(pool(source), source)).toEqual(await typeormMetadataRows(pool(other), other));
  });

  it('names the missing extension', async () => {
    const driver = embeddedDriver({ dir: join(dir, 'postgres') });
    const source = await connect(
      '1.x',
      { entities: [thing('Shop', { place: { type: 'geometry' } })] },
      { driver, poolSize: 1 },
    );
    const failure = await failureOf(createEntities(source, (sql) => source.query(sql)));
    expect([failure.code, failure.message]).toEqual([
      'SHADOW_EXTENSION',
      expect.stringContaining('the extension postgis (Shop.place'),
    ]);
  });
});

/** The entities of all cases without options of their own. */
function everyEntity(): EntityCase['entities'] {
  return [...new Set(entityCases.filter(({ options }) => options === undefined).flatMap(({ entities }) => entities))];
}

function pool(source: DataSource): SqlClient {
  return (source.driver as unknown as { readonly master: SqlClient }).master;
}
