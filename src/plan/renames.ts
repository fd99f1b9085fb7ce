import { columnOf } from '../schema/column.js';
import { keyOf, objectId, quoteIdent, relationOf, tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { shortened } from './names.js';
import { step } from './step.js';
import type { PlannedChange, Step } from './step.js';

/** A table or a column that is the same, called otherwise. */
export interface Rename {
  readonly from: ObjectId;
  readonly to: ObjectId;
}

/** What may have been renamed: something goes, and something like it comes. */
export function renameCandidates(from: Schema, to: Schema): readonly Rename[] {
  const gone = from.objects.filter(({ id }) => !to.has(id)).map(({ id }) => id);
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

/** At least half of the columns are there in both. */
function tablesAlike(one: ObjectId, other: ObjectId, from: Schema, to: Schema): boolean {
  const [before, after] = [columnsOf(one, from), columnsOf(other, to)];
  const same = before.filter((column) => after.includes(column)).length;
  return same > 0 && same * 2 >= Math.max(before.length, after.length);
}

function columnsOf(table: ObjectId, schema: Schema): readonly string[] {
  return schema
    .childrenOf(table)
    .filter(({ id }) => id.kind === 'column')
    .map(({ id, is }) => `${id.name ?? ''} ${String(is['type'])}`);
}

function columnsAlike(one: ObjectId, other: ObjectId, from: Schema, to: Schema): boolean {
  if (!from.has(relationOf(other)) || keyOf(relationOf(one)) !== keyOf(relationOf(other))) return false;
  const [before, after] = [columnOf(from, one), columnOf(to, other)];
  return (
    before !== undefined && after !== undefined && before.type === after.type && before.automatic === after.automatic
  );
}

export function renameSql({ from, to }: Rename): string {
  if (from.kind === 'column') {
    return `ALTER TABLE ${tableSql(from)} RENAME COLUMN ${quoteIdent(from.name ?? '')} TO ${quoteIdent(to.name ?? '')}`;
  }
  return `ALTER TABLE ${tableSql(from)} RENAME TO ${quoteIdent(to.name ?? '')}`;
}

/** A rename in the catalog. The old version of the app finds a table under its old name by a view that can be written to. */
export function plannedRename(
  rename: Rename,
  from: Schema,
  { keepOldName }: { readonly keepOldName: boolean },
): PlannedChange {
  const { from: old, to: renamed } = rename;
  const compatible = keepOldName && old.kind === 'table';
  const steps: readonly Step[] = [
    step(renameSql(rename), { comment: keepOldName ? undefined : 'The old version of the app breaks at this moment.' }),
    ...(compatible
      ? [
          step(`CREATE VIEW ${tableSql(old)} AS SELECT * FROM ${tableSql(renamed)}`, {
            comment: 'The old version of the app reads and writes it by its old name.',
            effect: 'nobody waits',
          }),
          step(`DROP VIEW ${tableSql(old)}`, { comment: 'The old version of the app is gone.', phase: 'contract' }),
        ]
      : []),
  ];
  const below = [old, ...from.childrenOf(old).map(({ id }) => id)];
  return { steps, creates: below.map((id) => afterRenames(id, [rename])), drops: below, uses: [], alters: [] };
}

/** What an object is called when these renames are done; with `back`, what it was called before them. */
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
 * The parts of renaming a column while the old version of the app is running: the new one stands beside the old one, and a trigger
 * keeps both the same, whichever of them is written.
 */
export function columnBridge(
  { from: old, to: renamed }: Rename,
  fallback: string | undefined,
): { readonly create: readonly Step[]; readonly drop: readonly Step[] } {
  const table = objectId('table', old.schema, old.table ?? '');
  const name = shortened(`${old.table ?? ''}_${renamed.name ?? ''}_rename`);
  const routine = `${quoteIdent(table.schema ?? 'public')}.${quoteIdent(name)}`;
  const [before, after] = [quoteIdent(old.name ?? ''), quoteIdent(renamed.name ?? '')];
  const untouched = fallback === undefined ? `NEW.${after} IS NULL` : `NEW.${after} IS NOT DISTINCT FROM (${fallback})`;
  const body = `
      BEGIN
        IF TG_OP = 'INSERT' THEN
          IF ${untouched} THEN
            NEW.${after} := NEW.${before};
          ELSE
            NEW.${before} := NEW.${after};
          END IF;
        ELSIF NEW.${after} IS DISTINCT FROM OLD.${after} THEN
          NEW.${before} := NEW.${after};
        ELSE
          NEW.${after} := NEW.${before};
        END IF;
        RETURN NEW;
      END
      `;
  return {
    create: [
      step(`CREATE FUNCTION ${routine}() RETURNS trigger LANGUAGE plpgsql AS $bridge$${body}$bridge$`, {
        comment: 'Old and new version of the app write to different columns: both are kept the same.',
        effect: 'nobody waits',
      }),
      step(
        `CREATE TRIGGER ${quoteIdent(name)} BEFORE INSERT OR UPDATE ON ${tableSql(table)} FOR EACH ROW EXECUTE FUNCTION ${routine}()`,
      ),
    ],
    drop: [
      step(`DROP TRIGGER ${quoteIdent(name)} ON ${tableSql(table)}`, {
        phase: 'contract',
        comment: 'The old version of the app is gone.',
      }),
      step(`DROP FUNCTION ${routine}()`, { phase: 'contract', effect: 'nobody waits' }),
    ],
  };
}
