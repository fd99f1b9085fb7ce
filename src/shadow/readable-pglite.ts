import { ThreadedPGlite } from '../data-source/threaded-pglite.js';
import type { Catalog, ReadOptions } from '../schema/read.js';

/** One whose thread reads the catalog as well: this thread only gets what was found. It is thrown away in the end. */
export class ReadablePGlite extends ThreadedPGlite {
  readCatalog(options: ReadOptions): Promise<Catalog> {
    return this.ask<Catalog>({ kind: 'read', options });
  }

  override close(): Promise<void> {
    return this.end();
  }
}
