import type { DataSource } from 'typeorm';
import { isServerAbsent } from '../database/client.js';
import { excerpt } from '../database/failure.js';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { settleEnums } from './entity-enums.js';
import type { ValuelessEnum } from './entity-enums.js';
import { createExtensions } from './entity-extensions.js';
import { describeAt, managed, schemaOf } from './entity-names.js';
import { entityStatements } from './entity-statements.js';
import { classify, commandOf, quoteName } from '../sql/index.js';
import { declareKeys } from './undeclared-keys.js';
import type { UndeclaredKey } from './undeclared-keys.js';
import { namesIn } from '../typeorm/options.js';

/** What the migrations say, and the entities do not, although it belongs to them. */
export interface Unsaid {
  readonly valueless: readonly ValuelessEnum[];
  readonly undeclared: readonly UndeclaredKey[];
}

type Execute = (sql: string) => Promise<unknown>;

/**
 * Creates what the entities describe. The data source is initialised, on an empty database; `execute` runs one statement there, which
 * stays when a later one fails.
 *
 * The statements are those of TypeORM's own schema builder, so that TypeORM's command line agrees with the result, mended where the
 * builder writes what PostgreSQL refuses. Tables of entities with `synchronize: false` are created only when something refers to them:
 * a foreign key must have its place. Returns what the entities do not say.
 */
export async function createEntities(dataSource: DataSource, execute: Execute): Promise<Unsaid> {
  const unsaid = { valueless: settleEnums(dataSource), undeclared: declareKeys(dataSource) };
  await createSchemas(dataSource, execute, 'managed');
  await createExtensions(dataSource, execute, 'managed');
  const statements = await entityStatements(dataSource, 'managed');
  const unmanaged = once(() => createUnmanaged(dataSource, execute));
  const broken = new Broken(dataSource);

  const firstView = statements.findIndex(isView);
  const tables = firstView === -1 ? statements : statements.slice(0, firstView);
  const rest = firstView === -1 ? [] : statements.slice(firstView);
  await eachOf(tables, execute, { broken, unmanaged });
  await viewsInTheirOrder(rest.filter(isView), execute, { broken, unmanaged });
  await eachOf(
    rest.filter((sql) => !isView(sql)),
    execute,
    { broken, unmanaged },
  );
  broken.refuse();
  return unsaid;
}

async function createSchemas(dataSource: DataSource, execute: Execute, which: 'managed' | 'unmanaged'): Promise<void> {
  const named = [
    namesIn(dataSource).schema,
    ...managed(dataSource, which).map((metadata) => schemaOf(dataSource, metadata)),
  ];
  for (const schema of new Set(named.filter((name) => name !== undefined && name !== 'public')))
    await run(dataSource, `CREATE SCHEMA IF NOT EXISTS ${quoteName(schema ?? '')}`, execute);
}

/** What entities with `synchronize: false` describe, without what only matters for data: indexes and foreign keys. */
async function createUnmanaged(dataSource: DataSource, execute: Execute): Promise<boolean> {
  if (managed(dataSource, 'unmanaged').length === 0) return false;
  await createSchemas(dataSource, execute, 'unmanaged');
  await createExtensions(dataSource, execute, 'unmanaged');
  const statements = (await entityStatements(dataSource, 'unmanaged')).filter((sql) =>
    withoutData.has(commandOf(sql).command),
  );
  const around = { broken: new Broken(dataSource), unmanaged: () => Promise.resolve(false) };
  await eachOf(
    statements.filter((sql) => !isView(sql)),
    execute,
    around,
  );
  await viewsInTheirOrder(statements.filter(isView), execute, around);
  around.broken.refuse();
  return true;
}

interface Around {
  readonly broken: Broken;
  /** Creates tables of others (`synchronize: false`) that something refers to. */
  readonly unmanaged: () => Promise<boolean>;
}

async function eachOf(statements: readonly string[], execute: Execute, { broken, unmanaged }: Around): Promise<void> {
  for (const sql of statements) {
    if (broken.isAbout(sql)) continue;
    try {
      await execute(sql).catch(async (error: unknown) => {
        if (!missesRelation(error) || !(await unmanaged())) throw error;
        await execute(sql);
      });
    } catch (error) {
      broken.add(sql, error);
    }
  }
}

/**
 * TypeORM sorts views by `dependsOn`, with a comparison that is not transitive, and `dependsOn` may be missing. The server knows: a view
 * that misses another one waits for it.
 */
async function viewsInTheirOrder(
  views: readonly string[],
  execute: Execute,
  { broken, unmanaged }: Around,
): Promise<void> {
  let waiting = views;
  let mayUseUnmanaged = true;
  while (waiting.length > 0) {
    const blocked: { readonly sql: string; readonly error: unknown }[] = [];
    for (const sql of waiting) {
      await execute(sql).catch((error: unknown) => {
        if (missesRelation(error)) blocked.push({ sql, error });
        else broken.add(sql, error);
      });
    }
    const [first] = blocked;
    if (first !== undefined && blocked.length === waiting.length) {
      if (!mayUseUnmanaged || !(await unmanaged())) {
        // The missing view may be broken itself.
        if (broken.isEmpty) broken.add(first.sql, first.error);
        return;
      }
      mayUseUnmanaged = false;
    }
    waiting = blocked.map(({ sql }) => sql);
  }
}

async function run(dataSource: DataSource, sql: string, execute: Execute): Promise<void> {
  await execute(sql).catch((error: unknown) => {
    throw isMigrateError(error) || isServerAbsent(error) ? error : invalid(dataSource, sql, error);
  });
}

/** The objects that cannot be created, all at once, without the ones that fail only because another one is broken. */
class Broken {
  readonly #relations = new Set<string>();
  readonly #found: { readonly sql: string; readonly error: unknown }[] = [];

  constructor(private readonly dataSource: DataSource) {}

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  add(sql: string, error: unknown): void {
    if (isMigrateError(error) || isServerAbsent(error)) throw error;
    this.#found.push({ sql, error });
    const { command, name } = commandOf(sql);
    if (command === 'CREATE TABLE' && name !== undefined) this.#relations.add(JSON.stringify(name));
  }

  /** Whether a statement needs a table that could not be created. */
  isAbout(sql: string): boolean {
    if (this.#relations.size === 0) return false;
    return classify(sql).some(({ name, on, command, nameAfter }) =>
      [name, on, command === 'COMMENT ON COLUMN' ? name?.slice(0, -1) : undefined, nameAfter('REFERENCES')].some(
        (one) => one !== undefined && this.#relations.has(JSON.stringify(one)),
      ),
    );
  }

  refuse(): void {
    const [first, ...others] = this.#found.map(({ sql, error }) => invalid(this.dataSource, sql, error));
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw new MigrateError({
      code: 'ENTITIES_INVALID',
      message: [first, ...others].map(({ message }) => message).join('\n'),
      next: 'Correct the entities. Nothing was written, and no database of yours was touched.',
      cause: first,
    });
  }
}

function invalid(dataSource: DataSource, sql: string, error: unknown): MigrateError {
  const server = error as {
    readonly code?: string;
    readonly detail?: string;
    readonly hint?: string;
    readonly position?: string;
  };
  const lines = [
    `${describeAt(dataSource, sql)} cannot be created: ${messageOf(error)}${server.code === undefined ? '' : ` (${server.code})`}.`,
    ...(server.detail ? [`Detail: ${server.detail}`] : []),
    ...(server.hint ? [`Hint: ${server.hint}`] : []),
    excerpt(sql, Number(server.position ?? 0)),
  ];
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: lines.join('\n'),
    next: `${correction(sql, server.code)} Nothing was written, and no database of yours was touched.`,
    sql,
    cause: error,
  });
}

function correction(sql: string, code: string | undefined): string {
  const isReference = classify(sql).some(({ nameAfter }) => nameAfter('REFERENCES') !== undefined);
  // `datatype_mismatch`.
  return isReference && code === '42804'
    ? "Give both columns the same type. Where a decorator has none (@PrimaryColumn(), @Column()), TypeORM takes the type of a relation's column only if the entities come in the right order: write it, for example @PrimaryColumn('uuid')."
    : 'Correct the entity.';
}

const views = new Set(['CREATE VIEW', 'CREATE MATERIALIZED VIEW']);
const withoutData = new Set(['CREATE TYPE', 'CREATE TABLE', ...views]);

function isView(sql: string): boolean {
  return views.has(commandOf(sql).command);
}

/** `undefined_table`. */
function missesRelation(error: unknown): boolean {
  return codeOf(error) === '42P01';
}

function once(work: () => Promise<boolean>): () => Promise<boolean> {
  let done: Promise<boolean> | undefined;
  return () => (done ??= work());
}
