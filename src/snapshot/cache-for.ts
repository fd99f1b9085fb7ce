import { noCache, openCache } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import { versionsOfEngines } from '../shadow/versions.js';

interface Options {
  readonly shadow?: string | undefined;
  readonly cache?: boolean | undefined;
}

/** A shadow server may be upgraded between two runs. */
export function cacheFor({ shadow, cache = true }: Options): SchemaCache {
  return shadow === undefined && cache ? openCache(versionsOfEngines()) : noCache;
}
