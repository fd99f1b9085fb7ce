import { it } from '@jest/globals';

/** `npm run acceptance` runs all cases; `npm test` a sample of them. */
export const full = process.env['ACCEPTANCE'] === 'full';

/** Every n-th case, unless all are to be run. */
export function sample<T>(cases: readonly T[], every: number): readonly T[] {
  return full ? cases : cases.filter((_case, index) => index % every === 0);
}

/** A long test that `npm test` leaves out. It is not skipped, because it is not there: a skipped test fails the run. */
export const itInFull: (...test: Parameters<typeof it>) => void = full ? it : () => undefined;
