import type { DataSource } from 'typeorm';

/** The options that name a place, as far as TypeORM's general type does not have them. */
export interface WithOptions {
  readonly options: Pick<DataSource['options'], 'metadataTableName' | 'migrationsTableName'> & {
    readonly schema?: string;
  };
}

/** The names that TypeORM takes from the options. */
export interface NamesInOptions {
  /** Undefined if the search path decides. */
  readonly schema: string | undefined;
  readonly ledger: string;
  readonly metadata: string;
}

/** An empty text, which an empty environment variable gives, counts as no name. */
export function namesIn({ options }: WithOptions): NamesInOptions {
  return {
    schema: options.schema || undefined,
    ledger: options.migrationsTableName || 'migrations',
    metadata: options.metadataTableName || 'typeorm_metadata',
  };
}
