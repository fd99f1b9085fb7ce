import type { ObjectId } from '../schema/object-id.js';
import type { PlannedFile } from './arrange.js';
import type { PlannedChange } from './step.js';
import { classify, commandOf } from '../sql/index.js';

/** `AddEmailToUsers`, `CreatePostsAndTags`, `ChangeUsers`: what the changes would be called by somebody who has made them. */
export function nameOf(changes: readonly PlannedChange[]): string {
  const all = changes.flatMap(({ creates, drops }) => [
    ...creates.map((id) => ({ id, how: 'create' })),
    ...drops.map((id) => ({ id, how: 'drop' })),
  ]);
  const newTables = all.filter(({ id, how }) => how === 'create' && id.kind === 'table').map(({ id }) => id);
  const tables = distinct(
    changes.flatMap(({ creates, drops, uses }) =>
      [...creates, ...drops, ...uses].map((id) => id.table ?? (id.kind === 'table' ? id.name : undefined)),
    ),
  );
  if (newTables.length > 0 && tables.length === newTables.length)
    return `Create${list(newTables.map(({ name }) => name ?? ''))}`;
  const columns = all.filter(
    ({ id }) =>
      id.kind === 'column' && !newTables.some((table) => table.name === id.table && table.schema === id.schema),
  );
  const [only] = distinct(columns.map(({ id }) => id.table));
  if (columns.length > 0 && distinct(columns.map(({ id }) => id.table)).length === 1 && newTables.length === 0) {
    const added = columns.filter(({ how }) => how === 'create');
    const gone = columns.filter(({ how }) => how === 'drop');
    if (gone.length === 0) return `Add${list(names(added))}To${pascal(only ?? '')}`;
    if (added.length === 0) return `Drop${list(names(gone))}From${pascal(only ?? '')}`;
  }
  const droppedTables = all.filter(({ id, how }) => how === 'drop' && id.kind === 'table');
  if (droppedTables.length > 0 && droppedTables.length === tables.length) return `Drop${list(names(droppedTables))}`;
  const views = all.filter(({ id }) => id.kind === 'view' || id.kind === 'materializedView');
  const about = tables.length > 0 ? tables : distinct([...views, ...all].map(({ id }) => id.name));
  return about.length === 0 ? 'ChangeSchema' : `Change${list(about)}`;
}

/** What each file of one change is called, beside the name of the change. */
export function suffixes(files: readonly PlannedFile[]): readonly string[] {
  const plain = files.map((file, index) => suffixOf(file, index));
  return plain.map((suffix, index) => {
    const earlier = plain.slice(0, index).filter((other) => other === suffix).length;
    return earlier === 0 ? suffix : `${suffix}${earlier + 1}`;
  });
}

function suffixOf({ phase, transaction, steps }: PlannedFile, index: number): string {
  const aside = steps.some(({ sql }) => commandOf(sql).command === 'DO') ? 'Backfill' : 'Indexes';
  if (phase === 'contract') return transaction ? 'Contract' : `Contract${aside}`;
  if (!transaction) return aside;
  if (index === 0) return '';
  if (steps.some(({ sql }) => mentions(sql, 'VALIDATE', 'CONSTRAINT'))) return 'Validate';
  if (steps.some(({ sql }) => /__new" TO "/.test(sql))) return 'Swap';
  return steps.some(({ sql }) => mentions(sql, 'NOT', 'VALID')) ? 'Check' : 'Finish';
}

function mentions(sql: string, ...words: readonly string[]): boolean {
  return classify(sql).some((statement) => statement.mentions(...words));
}

function names(found: readonly { readonly id: ObjectId }[]): readonly string[] {
  return found.map(({ id }) => id.name ?? '');
}

function list(all: readonly string[]): string {
  const words = distinct(all).map(pascal);
  if (words.length > 3) return `${words.slice(0, 2).join('')}And${words.length - 2}More`;
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join('')}And${words.at(-1) ?? ''}`;
}

function pascal(text: string): string {
  const words = text.normalize('NFC').split(/[^\p{L}\p{N}]+/u);
  const joined = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  return /^\p{L}/u.test(joined) ? joined : `X${joined}`;
}

function distinct(all: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(all.filter((one) => one !== undefined))];
}
