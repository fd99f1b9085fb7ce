import type { SqlClient } from '../database/sql-client.js';
import { codeOf, messageOf, MigrateError } from '../errors.js';
import { asValidated, compareInOneTransaction, compareSchemas, isSame } from '../schema/compare.js';
import type { Change } from '../schema/change.js';
import { keepUnknown } from '../schema/keep.js';
import { relationOf } from '../schema/object-id.js';
import { schemaOf } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import { inPresentWords } from '../schema/settle.js';
import { setAside } from '../schema/set-aside.js';
import type { PlannedFile } from './arrange.js';
import { isPartitioned } from './partitions.js';
import type { Step } from './step.js';
import { tryOnRows } from './try-rows.js';
import { classify, quoteName, withoutSchema } from '../sql/index.js';

/** A file that was executed and reverted. */
export interface ProvenFile extends PlannedFile {
  readonly down: readonly Statement[];
}

type Statement = Pick<Step, 'sql' | 'comment'>;

export interface Proof {
  readonly files: readonly ProvenFile[];
  /** The steps that were not tried with rows, in words. */
  readonly notTried: readonly string[];
  /** The schema on the shadow afterwards. */
  readonly stands: Schema;
  /** Whether the server prints handmade objects otherwise afterwards, because a column has another type. */
  readonly reworded: boolean;
}

export interface ProofContext {
  readonly client: SqlClient;
  /** The current schema of the shadow. */
  readonly from: Schema;
  readonly to: Schema;
  readonly read: () => Promise<Schema>;
  /** The schema that statements do not name. */
  readonly unnamed?: string | undefined;
  /** `up` leaves the change on the shadow, for steps that are never reverted. @default 'up and down' */
  readonly ways?: 'up and down' | 'up' | undefined;
  /** Turns the differences of a revert into statements. */
  readonly write: (changes: readonly Change[], from: Schema, to: Schema) => readonly Statement[];
}

/**
 * Executes every file on the shadow, up and down. The ups must produce exactly the desired schema, and each down exactly the schema before its
 * file. A down is not its up in reverse: it is planned from the schema after the file to the schema before it.
 */
export async function prove(planned: readonly PlannedFile[], context: ProofContext): Promise<Proof> {
  const files = planned.map((file) => ({ ...file, steps: unqualified(file.steps, context) }));
  const states = [asValidated(context.from)];
  let stands = context.from;
  const notTried: string[] = [];
  let reworded = false;
  for (const [index, file] of files.entries()) {
    await executeAll(file.steps, file.transaction, context.client, 'up');
    stands = await context.read();
    states.push(asValidated(stands));
    notTried.push(...(await tryOnRows(file.steps, stands, context.client)));
    if (index === files.length - 1 && !(await isSame(stands, context.to))) {
      reworded = true;
      const to = await inWordsOf(stands, context);
      await expectSame(stands, to, 'The migration does not produce exactly the schema of the entities');
    }
  }
  if (context.ways === 'up') return { files: files.map((file) => ({ ...file, down: [] })), notTried, stands, reworded };
  const proven: ProvenFile[] = [];
  for (const [index, file] of [...files.entries()].reverse()) {
    const [before, after] = await Promise.all(
      [index, index + 1].map((at) => withExtensions(states[at] ?? context.to, states.at(-1) ?? context.to)),
    );
    const down = await takeBack(file, before ?? context.from, after ?? context.to, context);
    await expectSame(
      asValidated(await context.read()),
      before ?? context.from,
      'Reverting the migration does not restore exactly the earlier schema',
    );
    proven.unshift({ ...file, down });
  }
  return { files: proven, notTried, stands: context.from, reworded };
}

/** First undoes steps as they specify, such as a rename, then plans the remaining differences, then restores what needs these. */
async function takeBack(
  file: PlannedFile,
  before: Schema,
  after: Schema,
  context: ProofContext,
): Promise<readonly Statement[]> {
  const steps = file.steps.toReversed();
  const undone = steps.flatMap(({ undo = [] }) => undo.map((sql) => ({ sql })));
  const last = steps.flatMap(({ undoLast }) => undoLast?.sql.map((sql) => ({ sql })) ?? []);
  await executeAll(undone, file.transaction, context.client, 'down');
  const now = undone.length === 0 ? after : asValidated(await context.read());
  const brought = steps.flatMap(({ undoLast }) => (undoLast ? [undoLast.brings] : []));
  const aim = setAside(before, now, ({ id }) => {
    const { kind, schema, name } = relationOf(id);
    const isRelation = kind === 'table' || kind === 'view';
    return isRelation && brought.some((one) => one.schema === schema && one.name === name);
  });
  const back = await wayBack(now, aim, file, context);
  await executeAll(last, file.transaction, context.client, 'down');
  // What was restored last may differ in the order of its columns.
  const rest = last.length === 0 ? [] : await wayBack(asValidated(await context.read()), before, file, context);
  return [...undone, ...back, ...last, ...rest];
}

/** Plans the differences between these schemas, and executes them. */
async function wayBack(
  from: Schema,
  to: Schema,
  { transaction }: PlannedFile,
  context: ProofContext,
): Promise<readonly Statement[]> {
  const compare = transaction ? compareInOneTransaction : compareSchemas;
  const written = context.write(await compare(from, to), from, to);
  const back = unqualified(transaction ? written : concurrently(written, from, to), context);
  await executeAll(back, transaction, context.client, 'down');
  return back;
}

/** The text in the file, which is also what is executed. */
function unqualified<T extends Statement & Pick<Partial<Step>, 'undo' | 'undoLast'>>(
  steps: readonly T[],
  { unnamed }: Pick<ProofContext, 'unnamed'>,
): readonly T[] {
  if (unnamed === undefined) return steps;
  return steps.map((one) => ({
    ...one,
    sql: withoutSchema(one.sql, unnamed),
    ...(one.undo && { undo: one.undo.map((sql) => withoutSchema(sql, unnamed)) }),
    ...(one.undoLast && {
      undoLast: { ...one.undoLast, sql: one.undoLast.sql.map((sql) => withoutSchema(sql, unnamed)) },
    }),
  }));
}

/** A revert keeps extensions, which may have existed before and may have other users. */
async function withExtensions(schema: Schema, present: Schema): Promise<Schema> {
  return keepUnknown(schema, present, ({ kind }) => kind === 'extension', 'as wanted').schema;
}

/** In a file without a transaction, indexes are created and dropped concurrently in both directions. */
function concurrently(statements: readonly Statement[], from: Schema, to: Schema): readonly Statement[] {
  const isOnPartitions = (name: string | undefined): boolean =>
    [from, to].some((schema) =>
      schema.objects.some(
        ({ id, parent }) =>
          id.kind === 'index' && id.name === name && parent && isPartitioned(parent, { from: schema }),
      ),
    );
  return statements.flatMap(({ sql, comment }) => {
    const [statement] = classify(sql);
    const { command, name = [], on = [], unique } = statement ?? {};
    if (isOnPartitions(name.at(-1))) return [{ sql, comment }];
    const rest = statement?.text.slice(statement.beforeName.length) ?? '';
    if (command === 'DROP INDEX') return [{ sql: `DROP INDEX CONCURRENTLY IF EXISTS ${rest}`, comment }];
    if (command !== 'CREATE INDEX' || on.length < 2) return [{ sql, comment }];
    // An interrupted attempt leaves an invalid index behind.
    const [schema = '', index = ''] = [on.at(-2), name[0]];
    return [
      { sql: `DROP INDEX CONCURRENTLY IF EXISTS ${quoteName(schema)}.${quoteName(index)}` },
      { sql: `CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${rest}`, comment },
    ];
  });
}

async function executeAll(
  statements: readonly Statement[],
  transaction: boolean,
  client: SqlClient,
  direction: 'up' | 'down',
): Promise<void> {
  let current = '';
  try {
    if (transaction) await client.query('BEGIN');
    for (const { sql } of statements) {
      current = sql;
      await client.query(sql);
    }
    if (transaction) await client.query('COMMIT');
  } catch (error) {
    if (transaction) await client.query('ROLLBACK').catch(() => undefined);
    throw proofFailed(
      `A statement of the ${direction} side failed on the shadow: ${messageOf(error)} (${codeOf(error) ?? ''})`,
      [current],
      error,
    );
  }
}

/** The wanted schema in the words of the present one. */
async function inWordsOf(present: Schema, { to, client }: ProofContext): Promise<Schema> {
  await client.query('BEGIN');
  try {
    const session = { query: async (sql: string) => ({ rows: ((await client.query(sql)).rows ?? []) as [] }) };
    return schemaOf(await inPresentWords(to.facts, present.factOf, session), to.edges);
  } finally {
    await client.query('ROLLBACK');
  }
}

async function expectSame(is: Schema, wanted: Schema, what: string): Promise<void> {
  if (await isSame(is, wanted)) return;
  const left = (await compareSchemas(is, wanted)).map(({ sql }) => sql);
  throw proofFailed(`${what}. The remaining differences:`, left);
}

function proofFailed(message: string, statements: readonly string[], cause?: unknown): MigrateError {
  return new MigrateError({
    code: 'PROOF_FAILED',
    message: [message, ...statements.slice(0, 10).map((sql) => `  ${sql}`)].join('\n'),
    next:
      hintOf(cause) ??
      'Nothing was written. Try --no-online; and please report it, with the statements above and the entities concerned.',
    ...(statements[0] !== undefined && { sql: statements[0] }),
    ...(cause !== undefined && { cause }),
  });
}

/** A generated statement that refuses to run names the flag to use instead. */
function hintOf(error: unknown): string | undefined {
  const { code, hint, detail } = (error ?? {}) as Readonly<Record<'code' | 'hint' | 'detail', string | undefined>>;
  // Made by hand, or the other side gets its new type only in a later statement.
  if (code === '42804' && messageOf(error).startsWith('foreign key constraint'))
    return `${detail ?? ''} Nothing was written. If the foreign key was made by hand, and the new type is not meant, name the right one in the entity, such as @Column('uuid'). Otherwise, drop the foreign key first, in a change of its own: with createForeignKeyConstraints: false in the relation until the types are changed, or, without a relation, in a migration.`.trimStart();
  return code === '0A000' && hint?.includes(' --') ? hint : undefined;
}
