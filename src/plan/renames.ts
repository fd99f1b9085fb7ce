import { columnOf, columnsOf, enumOf } from '../schema/column.js';
import { likeness } from '../schema/likeness.js';
import { keyOf, objectId, relationOf, sqlName, tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { familyOf } from '../schema/type-family.js';
import { compatibilityView } from './compatibility-view.js';
import { step } from './step.js';
import { temporaryTrigger } from './temporary-trigger.js';
import type { TemporaryTrigger } from './temporary-trigger.js';
import type { PlannedChange, Step } from './step.js';
import { fittingName, quoteName } from '../sql/index.js';

/** A table or a column with a new name. */
export interface Rename {
  readonly from: ObjectId;
  readonly to: ObjectId;
}

/** Possible renames: an object disappears, and a similar one appears. Objects of `stays` are in `to` only because they are kept. */
export function renameCandidates(from: Schema, to: Schema, stays?: ReadonlySet<string>): readonly Rename[] {
  const gone = from.objects.filter(({ id }) => !to.has(id) || stays?.has(keyOf(id)) === true).map(({ id }) => id);
  const come = to.objects.filter(({ id }) => !from.has(id)).map(({ id }) => id);
  const pairs = (kind: string, alike: (one: ObjectId, other: ObjectId) => boolean): readonly Rename[] =>
    gone
      .filter((id) => id.kind === kind)
      .flatMap((one) =>
        come.filter((other) => other.kind === kind && alike(one, other)).map((other) => ({ from: one, to: other })),
      );
  return [
    ...pairs('table', (one, other) => tablesAlike(one, other, from, to)),
    ...pairs('column', (one, other) => columnsAlike(one, other, from, to)),
  ];
}

/** Whether the two tables share at least half of their columns. */
function tablesAlike(one: ObjectId, other: ObjectId, from: Schema, to: Schema): boolean {
  const [before, after] = [typesOf(one, from), typesOf(other, to)];
  const same = before.filter((column) => after.includes(column)).length;
  return same > 0 && same * 2 >= Math.max(before.length, after.length);
}

function typesOf(table: ObjectId, schema: Schema): readonly string[] {
  return columnsOf(table, schema).map((id) => `${id.name ?? ''} ${columnOf(schema, id)?.type ?? ''}`);
}

/** Columns of the same table with types of one family, since a rename may also change the type. */
function columnsAlike(one: ObjectId, other: ObjectId, from: Schema, to: Schema): boolean {
  if (!from.has(relationOf(other)) || keyOf(relationOf(one)) !== keyOf(relationOf(other))) return false;
  const [before, after] = [columnOf(from, one), columnOf(to, other)];
  if (before === undefined || after === undefined || before.automatic !== after.automatic) return false;
  if (familyOf(before.type) === familyOf(after.type)) return true;
  const [old, now] = [enumOf(one, from)?.values, enumOf(other, to)?.values];
  return old !== undefined && now !== undefined && old.every((value) => now.includes(value));
}

/** The enums of columns that have one of another name afterwards: TypeORM names them after tables and columns. */
export function enumRenames(from: Schema, to: Schema): readonly Rename[] {
  const found: Rename[] = [];
  for (const { id } of to.objects) {
    if (id.kind !== 'column' || !from.has(id)) continue;
    const [before, after] = [enumOf(id, from), enumOf(id, to)];
    if (!before || !after || to.has(before.id) || from.has(after.id) || before.id.schema !== after.id.schema) continue;
    const isTaken = found.some(
      (rename) => keyOf(rename.from) === keyOf(before.id) || keyOf(rename.to) === keyOf(after.id),
    );
    // Values are added and removed under the new name.
    if (!isTaken && before.values.some((value) => after.values.includes(value)))
      found.push({ from: before.id, to: after.id });
  }
  return found;
}

/** Indexes, constraints and sequences that differ only in their names, most of which TypeORM derives from other names. */
export function partRenames(from: Schema, to: Schema): readonly Rename[] {
  const gone = likeness(from, to);
  const come = likeness(to, from);
  return [...gone].flatMap(([likes, olds]) => {
    const [old, ...others] = olds;
    const [renamed, ...more] = come.get(likes) ?? [];
    return old && renamed && others.length + more.length === 0 ? [{ from: old, to: renamed }] : [];
  });
}

export function renameSql({ from, to }: Rename): string {
  const name = quoteName(to.name ?? '');
  switch (from.kind) {
    case 'column':
      return `ALTER TABLE ${tableSql(from)} RENAME COLUMN ${quoteName(from.name ?? '')} TO ${name}`;
    case 'constraint':
      return `ALTER TABLE ${tableSql(from)} RENAME CONSTRAINT ${quoteName(from.name ?? '')} TO ${name}`;
    default:
      return `ALTER ${from.kind.toUpperCase()} ${sqlName(from)} RENAME TO ${name}`;
  }
}

/** The statement for one of the renames in `all`. */
export function plannedRename(
  rename: Rename,
  from: Schema,
  { keepOldName, all }: { readonly keepOldName: boolean; readonly all: readonly Rename[] },
): PlannedChange {
  const { from: old, to: renamed } = rename;
  const compatible = keepOldName && old.kind === 'table';
  const below = [old, ...from.childrenOf(old).map(({ id }) => id)];
  const columns = columnsOf(old, from).map((column) => ({ from: column, to: afterRenames(column, all) }));
  const steps: readonly Step[] = [
    step(renameSql(rename), {
      undo: [renameSql({ from: sameTable(renamed, old), to: old })],
      comment:
        compatible || (old.kind !== 'table' && old.kind !== 'column')
          ? undefined
          : 'The old version of the app fails from this moment on.',
    }),
    ...(compatible ? compatibilityView(rename, columns) : []),
  ];
  return { steps, creates: below.map((id) => afterRenames(id, [rename])), drops: below, uses: [], alters: [] };
}

/** A column of a table that has another name at that moment. */
export function sameTable(id: ObjectId, like: ObjectId): ObjectId {
  return like.table === undefined ? id : { ...id, table: like.table };
}

/** The name of an object after these renames; with `back`, its name before them. */
export function afterRenames(
  id: ObjectId,
  renames: readonly Rename[],
  direction: 'forth' | 'back' = 'forth',
): ObjectId {
  let current = id;
  for (const rename of renames) {
    const [old, renamed] = direction === 'forth' ? [rename.from, rename.to] : [rename.to, rename.from];
    current = renamedAs(current, old, renamed);
  }
  return current;
}

function renamedAs(id: ObjectId, old: ObjectId, renamed: ObjectId): ObjectId {
  const name = renamed.name ?? '';
  if (old.kind === 'table') {
    if (keyOf(id) === keyOf(old)) return renamed;
    return id.table === old.name && id.schema === old.schema ? { ...id, table: name } : id;
  }
  const isIt = ['column', 'default'].includes(id.kind) && keyOf({ ...id, kind: 'column' }) === keyOf(old);
  return isIt ? { ...id, name } : id;
}

/**
 * What a renamed column contains if an INSERT gives it no value: under both names the same default, of its type, or NULL. A default that
 * differs from row to row cannot be compared, so only the new name has it, and the old one has NULL.
 */
export type Unwritten = { readonly default: string | undefined } | 'another value in each row';

/**
 * The parts of renaming a column while the old version of the app is running: the new one stands beside the old one, and a trigger
 * keeps both the same, whichever of them is written.
 */
export function columnBridge({ from: old, to: renamed }: Rename, unwritten: Unwritten): TemporaryTrigger {
  const table = objectId('table', old.schema, old.table ?? '');
  const name = fittingName(`${old.table ?? ''}_${renamed.name ?? ''}_rename`);
  const [before, after] = [quoteName(old.name ?? ''), quoteName(renamed.name ?? '')];
  const oldIsWritten =
    unwritten === 'another value in each row'
      ? `NEW.${before} IS NOT NULL`
      : unwritten.default === undefined
        ? `NEW.${after} IS NULL`
        : `ROW(NEW.${after})::record *= ROW(${unwritten.default})::record`;
  // Compares stored values: json has no `=`, and the `=` of box or citext holds for different values.
  const body = `
      BEGIN
        IF TG_OP = 'INSERT' THEN
          IF ${oldIsWritten} THEN
            NEW.${after} := NEW.${before};
          ELSE
            NEW.${before} := NEW.${after};
          END IF;
        ELSIF ROW(NEW.${after})::record *<> ROW(OLD.${after})::record THEN
          NEW.${before} := NEW.${after};
        ELSE
          NEW.${after} := NEW.${before};
        END IF;
        RETURN NEW;
      END
      `;
  const comment = 'Keeps both columns equal: the old and the new version of the app each write one of them.';
  return temporaryTrigger({ table, pair: [old.name ?? '', renamed.name ?? ''] }, name, body, comment);
}
