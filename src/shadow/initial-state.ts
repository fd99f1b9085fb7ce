import { tablesOf } from '../database/tables.js';
import { quoteName } from '../sql/index.js';
import { hashOf } from './cache.js';
import { initialSessionOf } from './initial-session.js';
import type { Configured } from './initial-session.js';
import type { SessionSettings } from './session-settings.js';
import { extensionStatements } from './with-entities.js';

/** The objects that a database has before its first migration. */
export interface InitialState {
  readonly statements: readonly InitialStatement[];
  /** The initial settings of every session. */
  readonly settings: SessionSettings;
  /** A copy of a server has the roles of that server and no others. @default in the process, they are made when a statement names them */
  readonly missingRoles?: 'fail';
  /** A copy of a database has the extensions of that database and no others. */
  readonly isCopy?: true;
  /** Represents the initial state in cache keys. */
  readonly key: string;
}

export interface InitialStatement {
  readonly sql: string;
  /** Who says so: TypeORM goes on where a server does not have an extension. */
  readonly from: 'setting' | 'data source' | 'typeorm';
  /** Why a migration that creates it fails on an empty database; undefined if it does not. */
  readonly failsBecause?: string;
}

const known = new WeakMap<Configured, Promise<InitialState>>();

/**
 * What the setting `initialState` adds; the schema that holds the ledger, and those of the search path; and the extensions that TypeORM
 * installs when it connects.
 */
export function initialStateOf(configured: Configured): Promise<InitialState> {
  const made = known.get(configured) ?? make(configured);
  known.set(configured, made);
  return made;
}

async function make(configured: Configured): Promise<InitialState> {
  const extensions = await extensionStatements(configured);
  return stateOf(configured, [
    ...initialSessionOf(configured).statements.map((sql) => ({ sql, from: 'setting' as const })),
    ...schemasOf(configured),
    ...extensions.map((sql) => ({
      sql,
      from: 'typeorm' as const,
      failsBecause: 'TypeORM installs it when it connects',
    })),
  ]);
}

/** For a copy of a database, which has its own extensions and schemas, including objects that a DBA has prepared. */
export function initialStateOfCopy(configured: Configured): InitialState {
  return { ...stateOf(configured, []), isCopy: true };
}

function schemasOf(configured: Configured): readonly InitialStatement[] {
  const { schema: ofLedger } = tablesOf(configured.dataSource);
  const { searched } = initialSessionOf(configured);
  const hasOther = searched.length === 0 || searched.includes('public');
  return [...new Set([ofLedger, ...searched])]
    .filter((name) => name !== undefined && name !== 'public')
    .map((name) => ({
      sql: `CREATE SCHEMA IF NOT EXISTS ${quoteName(name ?? '')}`,
      from: 'data source',
      ...((name === ofLedger || !hasOther) && { failsBecause: 'the table of the applied migrations must be in it' }),
    }));
}

function stateOf(configured: Configured, statements: readonly InitialStatement[]): InitialState {
  const { settings } = initialSessionOf(configured);
  return { statements, settings, key: hashOf([JSON.stringify([settings, statements])]) };
}
