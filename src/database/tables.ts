import type { DataSource } from 'typeorm';
import { fittingName, quoteName, truncatedName } from '../sql/index.js';

/** The tables, as they stand in SQL: TypeORM's own, which says what is applied, and beside it our log, the kept downs, and the drafts of `dev`. */
export interface Tables {
  readonly ledger: string;
  readonly log: string;
  readonly drafts: string;
  /** How to revert migrations whose files are gone: a table that only reverting and `status` read. */
  readonly downs: string;
  /** What the options name; undefined where the search path decides. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly logName: string;
  /** Which seeds ran: a table that only seeding reads. */
  readonly seeds: string;
  readonly primaryKey: string;
}

export function tablesOf(dataSource: DataSource): Tables {
  const options = dataSource.options as { readonly migrationsTableName?: string; readonly schema?: string };
  const parts = (options.migrationsTableName ?? 'migrations').split('.');
  const name = truncatedName(parts.at(-1) ?? 'migrations');
  const logName = fittingName(`${name}_log`);
  // As TypeORM reads it, which may be told the name of the database before both.
  const schema = parts.at(-2) ?? options.schema;
  const prefix = schema === undefined ? '' : `${quoteName(schema)}.`;
  return {
    ledger: prefix + quoteName(name),
    log: prefix + quoteName(logName),
    drafts: prefix + quoteName(fittingName(`${name}_drafts`)),
    downs: prefix + quoteName(fittingName(`${name}_downs`)),
    schema,
    name,
    logName,
    seeds: prefix + quoteName(fittingName(`${name}_seeds`)),
    // Only who creates the table asks.
    get primaryKey() {
      return dataSource.namingStrategy.primaryKeyName(schema === undefined ? name : `${schema}.${name}`, ['id']);
    },
  };
}
