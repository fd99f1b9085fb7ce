import type { DataSource } from 'typeorm';

/** A data source that knows its options, and that is made when anything else is asked of it. */
export function lateDataSource(options: object, make: () => DataSource): DataSource {
  let made: DataSource | undefined;
  const real = (): DataSource => (made ??= make());
  // By the brand, TypeORM and we know one; without a `then` it can be awaited, as what a file exports is.
  // oxlint-disable-next-line unicorn/no-thenable -- there is none, and that has to be said.
  const known = { '@instanceof': Symbol.for('DataSource'), options, isInitialized: false, then: undefined };
  const target = Object.assign(Object.create(null) as object, known);
  const isMade = (key: PropertyKey): boolean => made !== undefined && key in made;
  return new Proxy(target, {
    get: (_target, key) => {
      if (key in target && !isMade(key)) return Reflect.get(target, key) as unknown;
      const value: unknown = Reflect.get(real(), key);
      return typeof value === 'function' && key !== 'constructor' ? (value.bind(made) as unknown) : value;
    },
    set: (_target, key, value) => Reflect.set(real(), key, value),
    has: (_target, key) => key in target || key in real(),
    getPrototypeOf: () => Reflect.getPrototypeOf(real()),
  }) as unknown as DataSource;
}
