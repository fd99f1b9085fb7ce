import type { DataSource } from 'typeorm';

/** A data source that has only its options, and is created as soon as anything else of it is used. */
export function lateDataSource(options: object, make: () => DataSource): DataSource {
  let made: DataSource | undefined;
  const real = (): DataSource => (made ??= make());
  // TypeORM and this package recognise a data source by the brand. It has no `then`, so that it can be awaited like any export.
  // oxlint-disable-next-line unicorn/no-thenable -- it is undefined, so that `await` does not create the data source.
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
    deleteProperty: (_target, key) => Reflect.deleteProperty(made ?? target, key),
    defineProperty: (_target, key, descriptor) => Reflect.defineProperty(made ?? target, key, descriptor),
    getOwnPropertyDescriptor: (_target, key) => {
      const own = Reflect.getOwnPropertyDescriptor(isMade(key) ? (made ?? target) : target, key);
      // A proxy may only say so of what its target has.
      return own && { ...own, configurable: true };
    },
    getPrototypeOf: () => Reflect.getPrototypeOf(real()),
  }) as unknown as DataSource;
}
