const mark = Symbol.for('nest-migrate.carried-out');

/**
 * Marks a query runner whose statements are executed by this package rather than by TypeORM. Another copy of the package recognises the
 * mark.
 */
export function carryingOut<T extends object>(queryRunner: T): T {
  Object.defineProperty(queryRunner, mark, { value: true, configurable: true });
  return queryRunner;
}

export function isCarriedOut(queryRunner: object): boolean {
  return (queryRunner as { readonly [mark]?: boolean })[mark] === true;
}
