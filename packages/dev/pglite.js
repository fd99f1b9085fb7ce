import { readFile } from 'node:fs/promises';
import { PGlite as Database } from '@electric-sql/pglite';

export class PGlite extends Database {
  /**
   * Sends protocol messages and returns the answers. `execProtocolRaw` would keep every answer in memory until the database is closed.
   */
  async send(messages) {
    const parts = [];
    // A part is a view of memory that PostgreSQL uses again.
    await this.execProtocolRawStream(messages, { onRawData: (part) => parts.push(part.slice()) });
    return parts.length === 1 ? parts[0] : new Uint8Array(Buffer.concat(parts));
  }
}

/** An extension that comes with PGlite, by its name there: each one is loaded only when it is asked for. */
export async function contributed(name) {
  return (await import(`@electric-sql/pglite/contrib/${name}`))[name];
}

let module;

/**
 * PostgreSQL as a compiled module, for the option `pgliteWasmModule`. Its functions are compiled when they first run, and what is compiled is
 * kept as long as something refers to the module: the next database finds it.
 */
export function compiled() {
  const file = new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite'));
  return (module ??= readFile(file).then((code) => WebAssembly.compile(code)));
}
