import type { QueryRunner } from 'typeorm';
import { changedRows, differences, withoutRows } from '../schema/fingerprint.js';
import type { Fingerprint, FingerprintRow } from '../schema/fingerprint.js';
import { objectId, sqlName, tableSql } from '../schema/object-id.js';
import {
  constraintPrinted,
  defaultPrinted,
  generatedPrinted,
  indexPrinted,
  maySettle,
  settledTexts,
  viewPrinted,
} from '../schema/settle.js';
import type { Printed } from '../schema/settle.js';

/** What is otherwise than it was, where an expression that is only printed in another form counts as the same. */
export async function settledDifferences(
  was: Fingerprint,
  is: Fingerprint,
  queryRunner: QueryRunner,
): Promise<readonly string[]> {
  const pairs = changedRows(was, is).flatMap(([before, now]) => {
    const [one, other] = [printedOf(before), printedOf(now)];
    const mayMeet =
      one && other && one.head === other.head && [one, other].some(({ printed }) => maySettle(printed.text));
    return mayMeet ? [{ rows: [before, now], printed: [one.printed, other.printed] }] : [];
  });
  if (pairs.length === 0) return differences(was, is);
  const texts = await inTransaction(queryRunner, () =>
    settledTexts(
      pairs.flatMap(({ printed }) => printed),
      { query: async (sql) => ({ rows: ((await queryRunner.query(sql)) ?? []) as [] }) },
    ),
  );
  const same = new Set(pairs.flatMap(({ rows }, at) => (texts[2 * at] === texts[2 * at + 1] ? rows : [])));
  return differences(withoutRows(was, same), withoutRows(is, same));
}

async function inTransaction<T>(queryRunner: QueryRunner, work: () => Promise<T>): Promise<T> {
  if (queryRunner.isTransactionActive) return work();
  await queryRunner.startTransaction();
  try {
    return await work();
  } finally {
    await queryRunner.rollbackTransaction();
  }
}

interface Row {
  /** What stands before the text and must be the same. */
  readonly head: string;
  readonly printed: Printed;
}

function printedOf({ kind, schema, table, name, is }: FingerprintRow): Row | undefined {
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
