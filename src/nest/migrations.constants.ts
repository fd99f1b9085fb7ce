// Symbols from the global registry, because the ESM and the CommonJS copy of this package may be in one process.
const key = (what: string, name: string): symbol => Symbol.for(`nest-migrate.${what}.${name}`);

export const defaultConnection = 'default';

export function getMigrationsOptionsToken(name: string = defaultConnection): symbol {
  return key('options', name);
}

/**
 * The token of the `MigrationsService` of a named connection.
 *
 * @example
 * app.get<MigrationsService>(getMigrationsToken('reports'));
 */
export function getMigrationsToken(name: string = defaultConnection): symbol {
  return key('service', name);
}

/** The token of the data source, available after its migrations have run at the start of the app. */
export function getBootstrapToken(name: string = defaultConnection): symbol {
  return key('bootstrap', name);
}

/** The token of the function that creates the migrations of a connection with the providers of the module. */
export function getInstantiateToken(name: string = defaultConnection): symbol {
  return key('instantiate', name);
}
