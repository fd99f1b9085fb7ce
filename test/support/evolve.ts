import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntitySchema } from 'typeorm';
import pg from 'pg';
import type { GenerateOptions, GenerateResult } from '../../src/commands/generate/types.js';
import { createMigrator } from '../../src/migrator.js';
import type { Migrator } from '../../src/migrator.js';
import { columnsOf } from '../../src/schema/column.js';
import { asValidated, compareSchemas } from '../../src/schema/compare.js';
import { withOrderOfEnums } from '../../src/schema/enum-order.js';
import { keepUnknown } from '../../src/schema/keep.js';
import { describeObject, keyOf, objectId } from '../../src/schema/object-id.js';
import type { ObjectId } from '../../src/schema/object-id.js';
import { withPresentNames } from '../../src/schema/present-names.js';
import { readSchema } from '../../src/schema/read.js';
import type { Schema } from '../../src/schema/read.js';
import { createEntities } from '../../src/shadow/entities.js';
import { givenKeys } from '../../src/snapshot/given-keys.js';
import { serverUrl } from './database.js';
import type { TestDatabase } from './database.js';
import { onEmptyDatabase } from './empty-database.js';
import { dataOf, expectDataKept, nameAfter, underNewNames } from './rows.js';

export type Entity = EntitySchema | (new () => object);

/** What changes, and what must come of it. */
export interface Evolution {
  readonly before: readonly Entity[];
  readonly after: readonly Entity[];
  /** Of the data source: a naming strategy, a schema. */
  readonly dataSource?: object;
  readonly options?: Partial<GenerateOptions>;
  /** Statements that fill the tables before the change. */
  readonly rows?: readonly string[];
  /** A migration that is written by hand between the two. */
  readonly hand?: { readonly up: readonly string[]; readonly down: readonly string[] };
  /** What was made by hand and must be there still, as it is described to people. */
  readonly stays?: readonly string[];
  /** What is called otherwise without having been named in the options: `table=name`, `table.column=name`. */
  readonly follows?: readonly string[];
  /** Columns whose values are written otherwise afterwards: `table.column`. */
  readonly rewritten?: readonly string[];
  /** Constraints that a revert restores and validates, although it lost data. */
  readonly validatedAgain?: readonly string[];
  /** Checked after each migration of the change: whether duplicates are still refused, as ON CONFLICT requires. */
  readonly staysUnique?: { readonly table: string; readonly columns: string };
  /** PGlite in this process instead of a database of the server. */
  readonly inProcess?: true;
}

export interface Evolved {
  readonly initial: GenerateResult;
  readonly change: GenerateResult;
  /** The statements of the change, in order. */
  readonly sql: readonly string[];
  /** The text of each file of the change. */
  readonly texts: readonly string[];
  /** How often rows were looked at: for tests of the tests. */
  readonly rowsKept: number;
}

/** Takes a database from the first entities to the others and back, and checks everything that must hold on the way. */
export async function evolve(evolution: Evolution): Promise<Evolved> {
  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-evolve-'));
  try {
    return await onEmptyDatabase((database) =>
      withLiveSchema(database.url, (live) => evolveIn(dir, { database, live }, evolution)),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Place {
  readonly database: TestDatabase;
  /** Reads the schema that the database has now. */
  readonly live: () => Promise<Schema>;
}

async function evolveIn(dir: string, { database, live }: Place, evolution: Evolution): Promise<Evolved> {
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const { options = {}, rows = [], stays = [], rewritten = [], follows = [] } = evolution;
  const renames = [...(options.renames ?? []), ...follows];
  const settings: GenerateOptions = {
    language: 'js',
    moduleKind: 'esm',
    ...(evolution.inProcess ? {} : { shadow: serverUrl() }),
  };
  const as = <T>(entities: readonly Entity[], work: (migrator: Migrator) => Promise<T>): Promise<T> =>
    withMigrator({ entities, dir, url: database.url, dataSource: evolution.dataSource }, work);

  const { schema: own } = (evolution.dataSource ?? {}) as { readonly schema?: string };
  if (own !== undefined) await database.query(`CREATE SCHEMA "${own}"`);
  const initial = await as(evolution.before, async (migrator) => {
    const generated = await migrator.generate({ ...settings, name: 'Initial' });
    if (evolution.hand) writeByHand(dir, evolution.hand);
    await migrator.run();
    return generated;
  });
  for (const sql of rows) await database.query(sql);
  const first = await live();
  const data = await dataOf(database, first);

  const change = await as(evolution.after, async (migrator) => {
    const generated = await migrator.generate({ ...settings, ...options });
    const again = await migrator.generate({ ...settings, ...withoutAnswers(options) });
    expectNone(
      again.statements.map(({ sql }) => sql),
      'A second generate still finds something to do',
      generated,
    );
    const { statements } = await migrator.run({ mode: 'dry' });
    if (statements?.length !== generated.statements.length)
      throw new Error(`A dry run met other statements: ${JSON.stringify(statements)}`);
    expectNone(
      (await compareSchemas(await live(), first)).map(({ sql }) => sql),
      'A dry run left something behind',
      generated,
    );
    for (const to of evolution.staysUnique ? migrationsIn(generated) : []) {
      await migrator.run({ to });
      await expectUnique(database, evolution.staysUnique, `after ${to}`, generated);
    }
    await migrator.run();
    return generated;
  });
  if (change.files.length === 0) throw new Error('Nothing was found to do.');
  expectNone(setForSession(change), 'A setting would stay on a session of a pooler', change);
  const changed = await live();
  const wanted = await desired(evolution, changed);
  await expectSame(changed, wanted, stays, change);
  expectOrder(changed, wanted, first, renames);
  const kept = await dataOf(database, changed);
  const rowsKept = expectDataKept(underNewNames(data, renames), kept, rewritten);
  if (stays.length === 0) await expectTypeormContent(database.url, evolution, change);

  await as(evolution.after, async (migrator) => {
    await migrator.revert({ count: change.files.length, mode: 'dry' });
    await migrator.revert({ count: change.files.length });
    const reverted = await live();
    const { schema: back } = keepUnknown(first, reverted, ({ kind }) => kind === 'extension');
    const left = await compareSchemas(asValidated(reverted), asValidated(back));
    expectNone(
      left.map(({ sql }) => sql),
      'Reverting did not lead back',
      change,
    );
    const isDue = ({ name = '' }: ObjectId): boolean =>
      evolution.validatedAgain?.includes(name) ?? !(options.allowDestructive || options.drops);
    const open = reverted.objects.filter(({ id, is }) => is['validated'] === false && isDue(id));
    const unlike = open.filter(({ id }) => back.get(id)?.is['validated'] === true);
    expectNone(
      unlike.map(({ id }) => describeObject(id)),
      'Reverting left constraints NOT VALID',
      change,
    );
    const surviving = new Map([...data].filter(([table]) => kept.has(nameAfter(table, renames))));
    expectDataKept(surviving, await dataOf(database, reverted), [...rewritten, ...lostColumns(first, changed)]);
    await migrator.run();
  });
  await expectSame(await live(), wanted, stays, change);
  return { initial, change, sql: change.statements.map(({ sql }) => sql), texts: textsOf(change), rowsKept };
}

interface Where {
  readonly entities: readonly Entity[];
  readonly dir: string;
  readonly url: string;
  readonly dataSource?: object | undefined;
}

async function withMigrator<T>(where: Where, work: (migrator: Migrator) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: where.url,
    entities: where.entities as DataSourceOptions['entities'],
    migrations: [`${where.dir}/*.js`],
    ...where.dataSource,
  } as DataSourceOptions);
  const migrator = createMigrator({ dataSource, settings: { dir: where.dir, outOfOrder: 'run' } });
  try {
    return await work(migrator);
  } finally {
    await migrator.close();
  }
}

/** The planner fails if there is no unique index for the columns. */
async function expectUnique(
  database: TestDatabase,
  unique: Evolution['staysUnique'],
  when: string,
  change: GenerateResult,
): Promise<void> {
  if (unique === undefined) return;
  const insert = `EXPLAIN INSERT INTO ${unique.table} DEFAULT VALUES ON CONFLICT (${unique.columns}) DO NOTHING`;
  await database.query(insert).catch((error: unknown) => {
    throw new Error(`${String(error)} ${when}.\n\n${told(change)}`);
  });
}

/** Statements, ups and downs, that set something for longer than their transaction. */
export function setForSession(change: GenerateResult): readonly string[] {
  const found = /\.query\(\s*[`'"]\s*((?:RESET|SET (?!LOCAL|CONSTRAINTS))\s[^`]*)|(set_config\([^)]*, false\))/gi;
  return textsOf(change).flatMap((text) => {
    // It is reset by the last statement that uses it; when the migration fails, its transaction takes it back.
    const own = text.split("set_config('nest_migrate.kept'").length - text.split('RESET nest_migrate.kept').length;
    const all = text.match(found) ?? [];
    return own === 0
      ? all.filter((one) => !one.includes('nest_migrate.kept'))
      : [...all, 'nest_migrate.kept is not reset'];
  });
}

function textsOf({ files }: GenerateResult): readonly string[] {
  return files.map((file) => readFileSync(file, 'utf8'));
}

/** The migrations of a change, in their order. */
export function migrationsIn({ statements }: GenerateResult): readonly string[] {
  return [...new Set(statements.map(({ migration }) => migration))];
}

export function writeByHand(dir: string, { up, down }: NonNullable<Evolution['hand']>): void {
  const timestamp = Date.now() + 1000;
  const method = (name: string, statements: readonly string[]): string =>
    `  async ${name}(queryRunner) {\n${statements.map((sql) => `    await queryRunner.query(${JSON.stringify(sql)});\n`).join('')}  }\n`;
  const text = `export class ByHand${timestamp} {\n${method('up', up)}${method('down', down)}}\n`;
  writeFileSync(join(dir, `${timestamp}-ByHand.js`), text);
}

const own = ['public', 'app'].flatMap((schema) =>
  ['migrations', 'migrations_log', 'migrations_downs', 'typeorm_metadata'].map((name) =>
    objectId('table', schema, name),
  ),
);

/** Lends a way to read the schema on one connection, which knows the catalog from the second time on. */
async function withLiveSchema<T>(url: string, work: (live: () => Promise<Schema>) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0 });
  pool.on('error', () => undefined);
  try {
    return await work(() => readSchema(pool, { ignoreTables: own, texts: 'settled' }));
  } finally {
    await pool.end();
  }
}

/** What the entities describe, made by TypeORM on an empty database. Names that TypeORM does not compare are those of the live schema. */
function desired(evolution: Evolution, live: Schema): Promise<Schema> {
  return onEmptyDatabase(async ({ url }) => {
    const given = await withEntities(url, evolution, async (dataSource) => {
      await createEntities(dataSource, (sql) => dataSource.query(sql));
      return givenKeys(dataSource, 'public');
    });
    return withPresentNames(await withLiveSchema(url, (made) => made()), live, (id) => given.has(keyOf(id)));
  });
}

async function withEntities<T>(
  url: string,
  evolution: Evolution,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    entities: evolution.after as DataSourceOptions['entities'],
    installExtensions: false,
    poolSize: 2,
    ...evolution.dataSource,
  } as DataSourceOptions);
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** Options for the second time: what has been answered names nothing any more. */
export function withoutAnswers(options: Partial<GenerateOptions> = {}): Partial<GenerateOptions> {
  return { ...options, renames: [], drops: [], backfills: [], usings: [] };
}

/** New tables have their columns in the order of the entity. */
function expectOrder(live: Schema, wanted: Schema, before: Schema, renames: readonly string[]): void {
  for (const { id } of wanted.objects) {
    const isRenamed = renames.some((text) => text.endsWith(`=${id.name}`));
    const isNew = id.kind === 'table' && live.has(id) && !before.has(id) && !isRenamed;
    const [is, should] = isNew ? [columnsOf(id, live), columnsOf(id, wanted)] : [[], []];
    const names = (ids: readonly ObjectId[]): string => ids.map(({ name }) => name).join(', ');
    if (names(is) !== names(should))
      throw new Error(`The columns of ${id.name} are ${names(is)}, not ${names(should)}`);
  }
}

async function expectSame(
  live: Schema,
  wanted: Schema,
  stays: readonly string[],
  change: GenerateResult,
): Promise<void> {
  const missing = stays.filter((one) => !live.objects.some(({ id }) => describeObject(id) === one));
  if (missing.length > 0) throw new Error(`It should have stayed: ${missing.join(', ')}\n${told(change)}`);
  const { schema } = keepUnknown(
    withOrderOfEnums(wanted, live),
    live,
    (id) => id.kind === 'extension' || stays.includes(describeObject(id)),
  );
  const left = await compareSchemas(live, schema);
  expectNone(
    left.map(({ sql }) => sql),
    'The live schema is not what the entities describe',
    change,
  );
}

/** TypeORM's own comparison must find nothing either, wherever it finds nothing on a database that it has made itself. */
async function expectTypeormContent(url: string, evolution: Evolution, change: GenerateResult): Promise<void> {
  const log = (dataSource: DataSource): Promise<readonly string[]> =>
    dataSource.driver
      .createSchemaBuilder()
      .log()
      .then(({ upQueries }) => upQueries.map(({ query }) => query));
  const ours = await withEntities(url, evolution, log);
  if (ours.length === 0) return;
  const its = await onEmptyDatabase((database) =>
    withEntities(database.url, evolution, async (dataSource) => {
      try {
        await createSchemas(dataSource);
        await dataSource.synchronize();
      } catch {
        return undefined;
      }
      return log(dataSource);
    }),
  );
  if (its === undefined) return;
  const known = new Set(its);
  expectNone(
    ours.filter((sql) => !known.has(sql)),
    'TypeORM itself still finds something to do',
    change,
  );
}

async function createSchemas(dataSource: DataSource): Promise<void> {
  const schemas = dataSource.entityMetadatas.map(({ schema }) => schema).filter((schema) => schema !== undefined);
  for (const schema of new Set(schemas)) await dataSource.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
  await dataSource.query('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"');
}

/** Columns that the change took away, or gave another type: their values are another matter. */
function lostColumns(first: Schema, changed: Schema): readonly string[] {
  return first.objects.flatMap(({ id, is }) =>
    id.kind === 'column' && changed.get(id)?.is['type'] !== is['type'] ? [`${id.table ?? ''}.${id.name ?? ''}`] : [],
  );
}

function expectNone(statements: readonly string[], what: string, change: GenerateResult): void {
  if (statements.length === 0) return;
  throw new Error(`${what}:\n${statements.join('\n')}\n\n${told(change)}`);
}

function told({ statements }: GenerateResult): string {
  return `The change was:\n${statements.map(({ sql, phase }) => `[${phase}] ${sql}`).join('\n')}`;
}
