import type { QueryRunner } from 'typeorm';
import { changedRows, differences, withoutRows } from '../schema/fingerprint.js';
import type { Fingerprint } from '../schema/fingerprint.js';
import { printedOf } from '../schema/printed-row.js';
import { maySettle, settledTexts } from '../schema/settle.js';

/** The differences, where an expression that is only printed in another form counts as equal. */
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
