import { ThreadedPGlite } from '../data-source/threaded-pglite.js';
import type { Catalog, ReadOptions } from '../schema/read.js';

/** A database whose thread also reads the catalog, so that this thread only receives the result. It is discarded in the end. */
export class ReadablePGlite extends ThreadedPGlite {
  readCatalog(options: ReadOptions): Promise<Catalog> {
    return this.ask<Catalog>({ kind: 'read', options });
  }

  override close(): Promise<void> {
    return this.end();
  }
}
