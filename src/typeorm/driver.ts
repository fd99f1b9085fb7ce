import { callbackify } from 'node:util';
import type { DataSource } from 'typeorm';
import { withOwn } from './own-methods.js';

/** TypeORM's driver, as far as its types do not tell. */
interface Driver {
  readonly master: unknown;
  readonly schema?: string;
  obtainMasterConnection(): Promise<unknown>;
  afterConnect(): Promise<void>;
}

function driverOf({ driver }: DataSource): Driver {
  return driver as unknown as Driver;
}

/** The pool of connections; the caller says what it needs of `pg`. Undefined before the data source is connected. */
export function poolOf(dataSource: DataSource): unknown {
  return driverOf(dataSource).master;
}

/** Where tables are that name no schema; undefined where the search path decides. */
export function defaultSchemaOf(dataSource: DataSource): string | undefined {
  return driverOf(dataSource).schema;
}

/** With a leading space, to be put after START TRANSACTION; empty where the server decides. */
export function isolationLevelOf({ options }: DataSource): string {
  const { isolationLevel } = options as { readonly isolationLevel?: string };
  return isolationLevel === undefined ? '' : ` ISOLATION LEVEL ${isolationLevel}`;
}

/** What TypeORM does when it connects, statement by statement: it creates the extensions that the entities need, and goes on when one cannot be created. */
export async function createExtensions(
  dataSource: DataSource,
  execute: (sql: string) => Promise<unknown>,
): Promise<void> {
  const driver = driverOf(dataSource);
  const query = callbackify(execute);
  const obtainMasterConnection = () => Promise.resolve([{ query }, () => Promise.resolve()]);
  await withOwn(driver, { obtainMasterConnection }, () => driver.afterConnect());
}
