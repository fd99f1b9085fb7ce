import type { FingerprintRow } from './fingerprint.js';
import { objectId, sqlName, tableSql } from './object-id.js';
import { constraintPrinted, defaultPrinted, generatedPrinted, indexPrinted, viewPrinted } from './settle.js';
import type { Printed } from './settle.js';

/** A text in what a fingerprint says of an object. */
export interface PrintedRow {
  /** What stands before the text and must be the same. */
  readonly head: string;
  readonly printed: Printed;
}

export function printedOf({ kind, schema, table, name, is }: FingerprintRow): PrintedRow | undefined {
  const id = objectId(kind, schema ?? undefined, name, table ?? undefined);
  if (kind === 'constraint') return { head: '', printed: constraintPrinted(tableSql(id), is) };
  if (kind === 'index') return { head: '', printed: indexPrinted(sqlName(id), is) };
  if (kind === 'view' || kind === 'materializedView') return { head: '', printed: viewPrinted(is) };
  const [, head, type, how, text] =
    (kind === 'column' && /^((.+?)(?: NOT NULL)?) (DEFAULT|GENERATED ALWAYS AS) (?!IDENTITY$)(.*)$/s.exec(is)) || [];
  if (head === undefined || type === undefined || text === undefined) return undefined;
  const printed =
    how === 'DEFAULT' ? defaultPrinted(tableSql(id), name, text) : generatedPrinted(tableSql(id), type, text);
  return { head: `${head} ${how}`, printed };
}
