import type { DataSource } from 'typeorm';
import { fittingName, quoteName, truncatedName } from '../sql/index.js';
import { namesIn } from '../typeorm/options.js';

/**
 * The tables as written in SQL: TypeORM's own, which lists the applied migrations, and in the same schema our log, the kept downs, and the
 * drafts of `dev`.
 */
export interface Tables {
  readonly ledger: string;
  readonly log: string;
  readonly drafts: string;
  /** The statements that revert migrations whose files are gone. Only `revert` and `status` read this table. */
  readonly downs: string;
  /** The schema in the options; undefined if the search path decides. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly logName: string;
  /** The seeds that have run. Only seeding reads this table. */
  readonly seeds: string;
  readonly primaryKey: string;
}

export function tablesOf(dataSource: DataSource): Tables {
  const names = namesIn(dataSource);
  const parts = names.ledger.split('.');
  const name = truncatedName(parts.at(-1) ?? 'migrations');
  const logName = fittingName(`${name}_log`);
  // TypeORM also accepts the name of the database before schema and table.
  const schema = parts.at(-2) ?? names.schema;
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
    // Needed only to create the table.
    get primaryKey() {
      return dataSource.namingStrategy.primaryKeyName(schema === undefined ? name : `${schema}.${name}`, ['id']);
    },
  };
}
