import type { SqlClient } from '../../database/sql-client.js';
import { columnOf } from '../../schema/column.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { afterRenames, enumRenames, partRenames, renameSql, sameTable } from '../../plan/renames.js';
import type { Rename } from '../../plan/renames.js';
import type { GenerateOptions } from './types.js';
import type { GivenExpressions } from './decide.js';
import { decideRenames } from './decide-renames.js';
import type { Wanted } from './decide-renames.js';
import { pathOf } from './path-of.js';
import type { History } from '../../snapshot/history.js';

export interface Renamed {
  /** The schema after all renames in the catalog. */
  readonly schema: Schema;
  /** Objects that are renamed in the catalog: tables, and columns that cannot be bridged for a running app. */
  readonly inCatalog: readonly Rename[];
  /** Columns that get a second column beside them until the old name is no longer used. */
  readonly bridged: readonly Rename[];
  /**
   * The schema as if the bridged columns were renamed in the catalog too, so that handmade objects that depend on them have the new names.
   */
  readonly inNewWords: Schema;
  /** Objects that could have been renamed, but are dropped, or are kept because they were created by hand. */
  readonly dropped: readonly ObjectId[];
  readonly kept: readonly ObjectId[];
}

interface Context {
  readonly client: SqlClient;
  readonly read: () => Promise<Schema>;
  readonly history: History;
  readonly options: GenerateOptions;
  /** Whether an object is handmade and should stay. */
  readonly isByHand: (id: ObjectId, renames: readonly Rename[]) => boolean;
  /** The desired schema, given the current one. */
  readonly wantedFor: (present: Schema, renames: readonly Rename[]) => Wanted;
}

/**
 * Finds out what was renamed. Renames in the catalog are executed on the shadow, the schema is read, and the names are restored, so that
 * dependent objects are compared under their new names.
 */
export async function renameOnShadow(present: Schema, context: Context): Promise<Renamed> {
  const { history, options } = context;
  const wanted = context.wantedFor(present, []);
  const { renames: tables, ...ofTables } = await decideRenames(present, wanted, history, options);
  const state = { schema: present, inCatalog: [] as readonly Rename[] };
  await rename(state, tables, context);
  const wantedNow = context.wantedFor(state.schema, tables);
  // Columns of a renamed table can be compared only after the table is renamed.
  const drops = (options.drops ?? []).map((path) => pathAfter(path, tables));
  const again = { ...options, renames: columnsAfter(options.renames, tables), drops };
  const { renames: columns, ...ofColumns } = await decideRenames(state.schema, wantedNow, history, again, tables);
  const isByHand = (id: ObjectId): boolean => context.isByHand(id, state.inCatalog);
  const bridged = columns.filter((one) =>
    canBeBridged(one, { schema: state.schema, wanted: wantedNow.schema, isByHand }, options),
  );
  await rename(
    state,
    columns.filter((one) => !bridged.includes(one)),
    context,
  );
  for (const find of [enumRenames, partRenames]) {
    await rename(state, find(state.schema, context.wantedFor(state.schema, state.inCatalog).schema), context);
  }
  const inNewWords = bridged.length === 0 ? state.schema : await readRenamed([...state.inCatalog, ...bridged], context);
  const dropped = [...ofTables.dropped, ...ofColumns.dropped];
  return { ...state, bridged, inNewWords, dropped, kept: [...ofTables.kept, ...ofColumns.kept] };
}

async function rename(
  state: { schema: Schema; inCatalog: readonly Rename[] },
  more: readonly Rename[],
  context: Context,
): Promise<void> {
  if (more.length === 0) return;
  state.inCatalog = [...state.inCatalog, ...more];
  state.schema = await readRenamed(state.inCatalog, context);
}

/** These work with one column only. A trigger, for example, fires for its own column, and not for a second one beside it. */
const boundToColumn = new Set(['view', 'materializedView', 'sequence', 'trigger', 'rule']);

interface Circumstances {
  readonly schema: Schema;
  readonly wanted: Schema;
  readonly isByHand: (id: ObjectId) => boolean;
}

/**
 * A primary key and the foreign keys that refer to it must change together in all tables. Values that the server generates cannot be
 * generated for two columns. A handmade key would be missing until its index is built again.
 */
function canBeBridged(
  { from, to }: Rename,
  { schema, wanted, isByHand }: Circumstances,
  { renameDirectly = false, online = true }: GenerateOptions,
): boolean {
  const [before, after] = [columnOf(schema, from), columnOf(wanted, to)];
  if (renameDirectly || !online || before?.automatic !== false || before.type !== after?.type) return false;
  return schema.neededBy(from).every((id: ObjectId) => {
    const is = schema.get(id)?.is;
    const isKey = id.kind === 'constraint' && (is?.['type'] === 'p' || id.table !== from.table);
    const isOwnKey = id.kind === 'constraint' && is?.['type'] !== 'c' && isByHand(id);
    return !isKey && !isOwnKey && !boundToColumn.has(id.kind);
  });
}

async function readRenamed(renames: readonly Rename[], { client, read }: Context): Promise<Schema> {
  for (const rename of renames) await client.query(renameSql(rename));
  const schema = await read();
  for (const { from, to } of [...renames].reverse())
    await client.query(renameSql({ from: sameTable(to, from), to: from }));
  return schema;
}

/** `--rename users.name=full_name` may use the old or the new name of the table. */
function columnsAfter(given: readonly string[] | undefined, tables: readonly Rename[]): readonly string[] {
  return (given ?? [])
    .filter(
      (text) =>
        !tables.some(
          ({ from }) => text.split('=')[0]?.trim().split('.').at(-1) === from.name && !isColumn(text, tables),
        ),
    )
    .map((text) => {
      const [path = '', name = ''] = text.split('=');
      return `${pathAfter(path.trim(), tables)}=${name}`;
    });
}

/** The path of a column with the new name of its table. */
function pathAfter(path: string, tables: readonly Rename[]): string {
  const parts = path.split('.');
  const renamed = tables.find(({ from }) => from.name === parts.at(-2));
  return renamed ? [...parts.slice(0, -2), renamed.to.name ?? '', parts.at(-1) ?? ''].join('.') : path;
}

/** What `--backfill` and `--using` say, where a column that is named with the old name of its table gets the new one. */
export function expressionsAfter(
  { backfills, usings }: GivenExpressions,
  renames: readonly Rename[],
): GivenExpressions {
  const after = (given: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map(
      [...given].map(([path, expression]) => {
        const at = path.lastIndexOf('.');
        const found = renames.find(({ from }) => from.kind === 'table' && pathOf(from) === path.slice(0, at));
        return [found ? `${pathOf(found.to)}${path.slice(at)}` : path, expression];
      }),
    );
  return { backfills: after(backfills), usings: after(usings) };
}

function isColumn(text: string, tables: readonly Rename[]): boolean {
  const parts = text.split('=')[0]?.trim().split('.') ?? [];
  return parts.length > 1 && tables.some(({ from }) => from.name === parts.at(-2));
}

/** The former name of an object, under which more may be known of it. */
export function nameBefore(id: ObjectId, renames: readonly Rename[]): ObjectId {
  return afterRenames(id, [...renames].reverse(), 'back');
}
