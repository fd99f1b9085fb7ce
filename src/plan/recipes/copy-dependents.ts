import { definitionOf } from '../../schema/column.js';
import { indexDefinition, keyDefinition } from '../../schema/definition.js';
import type { KeyDefinition } from '../../schema/definition.js';
import { objectId, sqlName, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { sameId } from '../context.js';
import type { PlanContext } from '../context.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { inColumns, renamedIn } from './column-in-sql.js';
import { typeChangeOf } from './change-type.js';
import { isPartitioned } from '../partitions.js';
import { dropLeftover } from './index-recipes.js';
import { fittingName, quoteName } from '../../sql/index.js';

/** How a dependent object of a column is copied to the successor column, and replaces the original. */
export interface Copy {
  readonly of: ObjectId;
  /** Steps right after the new column is added. */
  readonly declare: readonly Step[];
  /** Steps after the new column is filled. */
  readonly build: readonly Step[];
  /** Steps in the swap, before and after the columns are renamed. */
  readonly makeRoom: readonly Step[];
  readonly takeOver: readonly Step[];
  /** Steps after the swap is committed. */
  readonly check: readonly Step[];
}

/** The copies of all dependent objects; undefined if one of them cannot be copied while it is in use. */
export function copiesFor(column: ObjectId, successor: string, context: PlanContext): readonly Copy[] | undefined {
  const { from, to } = context;
  const copies: Copy[] = [];
  for (const id of from.neededBy(column)) {
    if (id.kind === 'default' || id.kind === 'sequence') continue;
    const stays = to.has(id) && definitionOf(to, id) === definitionOf(from, id);
    const copy = copyOf(id, column, successor, context);
    if (copy === undefined) return undefined;
    // Dropped or replaced objects are changes of their own.
    if (stays) copies.push(copy);
  }
  // Foreign keys need the key they refer to.
  const isForeignKey = ({ of }: Copy): number => (from.get(of)?.is['type'] === 'f' ? 1 : 0);
  return copies.sort((one, other) => isForeignKey(one) - isForeignKey(other));
}

function copyOf(id: ObjectId, column: ObjectId, successor: string, context: PlanContext): Copy | undefined {
  const { from } = context;
  const { type, validated } = from.get(id)?.is ?? {};
  const table = tableOf(column);
  const definition = definitionOf(from, id);
  const renaming = { from: column.name ?? '', to: successor };
  const isOwn = id.table === column.table && id.schema === column.schema;
  if (id.kind === 'constraint' && validated === true && type === 'f') {
    const renamed = isOwn ? inColumns(definition, renaming) : undefined;
    return renamed === undefined || changesOtherwise(id, column, context)
      ? foreignKeyAnew(id, definition, context)
      : checkCopy(id, table, renamed);
  }
  // If two columns of one index change their types, each change would build the index.
  if (changesOtherwise(id, column, context)) return undefined;
  if (id.kind === 'index') return indexCopy(id, table, (text) => renamedIn(text, renaming), context);
  if (id.kind !== 'constraint' || !isOwn || validated !== true) return undefined;
  if (type === 'c') return checkCopy(id, table, renamedIn(definition, renaming));
  const key = keyDefinition(from, id);
  return key && keyCopy(id, table, key, renamedIn(key.columns, renaming));
}

/** If the other table changes too, the foreign key is added in the swap itself, and validated afterwards. */
function foreignKeyAnew(constraint: ObjectId, definition: string, context: PlanContext): Copy | undefined {
  const table = tableOf(constraint);
  if (isPartitioned(table, context)) return undefined;
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const drop = `${alter} DROP CONSTRAINT IF EXISTS ${quoteName(constraint.name ?? '')}`;
  return {
    of: constraint,
    declare: [],
    build: [],
    makeRoom: [step(drop)],
    takeOver: [
      step(`${alter} ADD CONSTRAINT ${quoteName(constraint.name ?? '')} ${definition} NOT VALID`, { undo: [drop] }),
    ],
    check: [
      step(`${alter} VALIDATE CONSTRAINT ${quoteName(constraint.name ?? '')}`, {
        comment: 'Checks the existing rows while the table stays in use.',
        effect: 'scans, does not block',
      }),
    ],
  };
}

function indexCopy(
  index: ObjectId,
  table: ObjectId,
  renamed: (sql: string) => string | undefined,
  { from }: PlanContext,
): Copy | undefined {
  const { unique, method, keys: before } = indexDefinition(from, index);
  const keys = renamed(before);
  const { replicaIdentityIndex } = from.get(table)?.is ?? {};
  if (keys === undefined || replicaIdentityIndex === index.name) return undefined;
  const draft = draftOf(index);
  return {
    of: index,
    declare: [],
    build: buildSteps(draft, table, `${unique}INDEX`, `USING ${method} ${keys}`),
    makeRoom: [step(`DROP INDEX ${sqlName(index)}`)],
    takeOver: [
      step(`ALTER INDEX ${sqlName(draft)} RENAME TO ${quoteName(index.name ?? '')}`, {
        undo: [`ALTER INDEX ${sqlName(index)} RENAME TO ${quoteName(draft.name ?? '')}`],
      }),
    ],
    check: [],
  };
}

function checkCopy(constraint: ObjectId, table: ObjectId, definition: string | undefined): Copy | undefined {
  if (definition === undefined) return undefined;
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const name = quoteName(constraint.name ?? '');
  const draft = quoteName(draftOf(constraint).name ?? '');
  return {
    of: constraint,
    declare: [step(`${alter} ADD CONSTRAINT ${draft} ${definition} NOT VALID`)],
    build: [validateStep(table, draftOf(constraint).name ?? '')],
    makeRoom: [step(`${alter} DROP CONSTRAINT ${name}`)],
    takeOver: [
      step(`${alter} RENAME CONSTRAINT ${draft} TO ${name}`, {
        undo: [`${alter} RENAME CONSTRAINT ${name} TO ${draft}`],
      }),
    ],
    check: [],
  };
}

function keyCopy(
  constraint: ObjectId,
  table: ObjectId,
  { kind, nulls, include, deferrable }: KeyDefinition,
  columns: string | undefined,
): Copy | undefined {
  if (columns === undefined) return undefined;
  const draft = draftOf({ kind: 'index', schema: table.schema ?? 'public', name: constraint.name ?? '' });
  const alter = `ALTER TABLE ${tableSql(table)}`;
  const name = quoteName(constraint.name ?? '');
  return {
    of: constraint,
    declare: [],
    build: buildSteps(draft, table, 'UNIQUE INDEX', `(${columns})${include}${nulls}`),
    makeRoom: [step(`${alter} DROP CONSTRAINT ${name}`)],
    takeOver: [
      step(`${alter} ADD CONSTRAINT ${name} ${kind} USING INDEX ${quoteName(draft.name ?? '')}${deferrable}`, {
        undo: [`${alter} DROP CONSTRAINT ${name}`],
      }),
    ],
    check: [],
  };
}

export function validateStep(table: ObjectId, constraint: string): Step {
  return step(`ALTER TABLE ${tableSql(table)} VALIDATE CONSTRAINT ${quoteName(constraint)}`, {
    comment: 'Checks the existing rows while the table stays in use.',
    transaction: false,
    effect: 'scans, does not block',
  });
}

function buildSteps(draft: ObjectId, table: ObjectId, kind: string, definition: string): readonly Step[] {
  return [
    dropLeftover(draft),
    step(`CREATE ${kind} CONCURRENTLY ${quoteName(draft.name ?? '')} ON ${tableSql(table)} ${definition}`, {
      comment: 'The same index for the new column, built while the table stays in use.',
      transaction: false,
      effect: 'builds, does not block',
    }),
  ];
}

function draftOf(id: ObjectId): ObjectId {
  return { ...id, name: fittingName(`${id.name ?? ''}__new`) };
}

/** Another column that it needs gets another type too, and not for nothing. */
function changesOtherwise(id: ObjectId, column: ObjectId, context: PlanContext): boolean {
  const { from, to } = context;
  return from.needs(id).some((other) => {
    if (other.kind !== 'column' || sameId(other, column) || !to.has(other)) return false;
    if (from.get(other)?.is['type'] === to.get(other)?.is['type']) return false;
    return typeChangeOf(other, context)?.how !== 'free';
  });
}

function tableOf({ schema = 'public', table = '' }: ObjectId): ObjectId {
  return objectId('table', schema, table);
}
