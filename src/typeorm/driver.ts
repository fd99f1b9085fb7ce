import { callbackify } from 'node:util';
import type { DataSource } from 'typeorm';
import { putOwn, withOwn } from './own-methods.js';

/** TypeORM's driver, as far as its types do not tell. */
interface Driver {
  readonly postgres: { readonly Pool: PoolClass };
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

/** Until the returned function is called, this is the data source's pool of connections. */
export function putPool(dataSource: DataSource, pool: object): () => void {
  return putOwn(driverOf(dataSource), { master: pool });
}

/** A pool of `pg`: its clients, including clients that are still connecting. */
export interface OpenedPool {
  readonly _clients?: readonly object[];
  on(event: 'connect', listener: (client: { on(event: 'error', listener: () => void): unknown }) => void): unknown;
}

type PoolClass = new (...config: readonly unknown[]) => OpenedPool;

/** Reports each pool that TypeORM opens during the work, before it connects. */
export async function withOpenedPools<T>(
  dataSource: DataSource,
  onPool: (pool: OpenedPool) => void,
  work: () => Promise<T>,
): Promise<T> {
  const driver = driverOf(dataSource);
  const { postgres } = driver;
  const Pool: PoolClass = class extends postgres.Pool {
    constructor(...config: readonly unknown[]) {
      super(...config);
      onPool(this);
    }
  };
  return withOwn(driver, { postgres: Object.create(postgres, { Pool: { value: Pool } }) as Driver['postgres'] }, work);
}

/** The connections that a data source has open. */
export function clientsOf(pool: OpenedPool | undefined): readonly object[] {
  return pool?._clients ?? [];
}

/** The schema for unqualified tables; undefined if the search path decides. */
export function defaultSchemaOf(dataSource: DataSource): string | undefined {
  return driverOf(dataSource).schema || undefined;
}

/** Follows START TRANSACTION, with a leading space; empty if the server decides. */
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
