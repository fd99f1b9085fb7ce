import { noCache, openCache } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import { versionsOfEngines } from '../shadow/versions.js';

interface Options {
  readonly shadow?: string | undefined;
  readonly cache?: boolean | undefined;
}

/** A server that is the shadow may be another version tomorrow. */
export function cacheFor({ shadow, cache = true }: Options): SchemaCache {
  return shadow === undefined && cache ? openCache(versionsOfEngines()) : noCache;
}
