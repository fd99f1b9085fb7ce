import type { DataSource } from 'typeorm';
import type { EventListener } from '../events.js';
import type { ResolvedSettings } from '../options.js';

/** What is needed of a connection of `pg`; a pool and a client both are one. */
export interface SqlClient {
  query(sql: string, parameters?: readonly unknown[]): Promise<SqlResult>;
}

/** Whether a transaction is open, as the server said last. Undefined where this version of `pg` does not tell. */
export function isTransactionOpen(client: SqlClient): boolean | undefined {
  const { getTransactionStatus } = client as { getTransactionStatus?(): string | null };
  const status = getTransactionStatus?.call(client);
  return status ? status !== 'I' : undefined;
}

export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

/** A connection of its own, which can be lost between two queries as well. */
export interface OwnClient extends SqlClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown;
  off(event: 'error', listener: (error?: Error) => void): unknown;
}

export interface ConnectContext {
  readonly dataSource: DataSource;
  readonly settings: ResolvedSettings;
  readonly onEvent: EventListener;
  readonly signal: AbortSignal;
  /** Another database of the same server. @default the one of the data source */
  readonly database?: string;
}
