// Symbols of the registry: the ESM and the CommonJS copy of this package may meet in one process.
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

/** The data source once its bootstrap migration is done. */
export function getBootstrapToken(name: string = defaultConnection): symbol {
  return key('bootstrap', name);
}

/** How migrations of a connection are made, with what the module can see. */
export function getInstantiateToken(name: string = defaultConnection): symbol {
  return key('instantiate', name);
}
