import { objectId } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { History } from '../../snapshot/history.js';
import type { GenerateOptions } from './types.js';

/** Finds the tables and columns that flags name. A column can be named with the old or the new name of its table. */
export class NamedObjects {
  /** Every rename that is told, since a path may name a table and a column alike. */
  readonly renames: readonly (readonly [old: string, now: string])[];

  constructor({ renames = [] }: GenerateOptions, { renames: told }: History) {
    const pairs = renames.map((text) => text.split('=').map((part) => part.trim()));
    this.renames = [
      ...pairs.map(([old = '', now = '']) => [old.split('.').at(-1) ?? '', now] as const),
      ...told.map(({ from: { name: old = '' }, to: { name: now = '' } }) => [old, now] as const),
    ];
  }

  /** The tables and columns that a path names in this schema. */
  find(path: string, schema: Schema): readonly ObjectId[] {
    return idsOfPath(path).flatMap((id) => this.inOther(id, schema));
  }

  /** The same object in this schema, where its table may have the other name. */
  inOther(id: ObjectId, schema: Schema): readonly ObjectId[] {
    const names = [id.table ?? id.name ?? ''];
    for (const [old, now] of this.renames) {
      if (old === names[0]) names.push(now);
      if (now === names[0]) names.push(old);
    }
    return names
      .map((name) => (id.kind === 'column' ? { ...id, table: name } : { ...id, name }))
      .filter((one) => schema.has(one));
  }
}

/** The columns and tables that a path could name, in search order. */
export function idsOfPath(path: string): readonly ObjectId[] {
  const [last = '', second, first, ...more] = path.split('.').toReversed();
  if (more.length > 0) return [];
  if (second === undefined) return [objectId('table', 'public', last)];
  if (first === undefined) return [objectId('column', 'public', last, second), objectId('table', second, last)];
  return [objectId('column', first, last, second)];
}
