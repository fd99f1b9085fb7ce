import type { PGlite as Database } from '@electric-sql/pglite';

export declare class PGlite extends Database {
  /** Sends protocol messages and returns the answers. Nothing of them is kept. */
  send(messages: Uint8Array): Promise<Uint8Array>;
}

/** An extension that comes with PGlite, by its name there: each one is loaded only when it is asked for. */
export declare function contributed(name: string): Promise<object>;

/** PostgreSQL as a compiled module, for the option `pgliteWasmModule`. */
export declare function compiled(): Promise<object>;
