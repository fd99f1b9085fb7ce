import type { DataSource } from 'typeorm';
import type { EventListener } from '../events.js';
import type { ResolvedSettings } from '../options.js';

/** The part of a `pg` connection that is needed. Both a pool and a client have it. */
export interface SqlClient {
  query(sql: string, parameters?: readonly unknown[]): Promise<SqlResult>;
}

/** Whether a transaction is open, according to the last reply of the server. Undefined if this version of `pg` does not expose it. */
export function isTransactionOpen(client: SqlClient): boolean | undefined {
  const { getTransactionStatus } = client as { getTransactionStatus?(): string | null };
  const status = getTransactionStatus?.call(client);
  return status ? status !== 'I' : undefined;
}

export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

/** A separate connection, which can also be lost between two queries. */
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
