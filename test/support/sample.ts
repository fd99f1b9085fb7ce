/** `npm run acceptance` runs all cases; `npm test` a sample of them. */
export const full = process.env['ACCEPTANCE'] === 'full';

/** Every n-th case, unless all are to be run. */
export function sample<T>(cases: readonly T[], every: number): readonly T[] {
  return full ? cases : cases.filter((_case, index) => index % every === 0);
}
