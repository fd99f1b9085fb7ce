const mark = Symbol.for('nest-migrate.carried-out');

/** Marks a query runner whose statements this package executes, rather than TypeORM; another copy of the package knows it as well. */
export function carryingOut<T extends object>(queryRunner: T): T {
  Object.defineProperty(queryRunner, mark, { value: true, configurable: true });
  return queryRunner;
}

export function isCarriedOut(queryRunner: object): boolean {
  return (queryRunner as { readonly [mark]?: boolean })[mark] === true;
}
