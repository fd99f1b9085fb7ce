import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { isOwnFolder } from '../data-source/own-folder.js';

/** The number of entries to keep; the oldest are removed. */
const most = 60;

/** Results from shadows, cached on disk. The cache can be deleted at any time, and an unreadable entry counts as missing. */
export interface SchemaCache {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown): Promise<void>;
}

/** Writes in the background; an entry may become visible only when the promise is settled. */
export interface LazyCache extends SchemaCache {
  settled(): Promise<void>;
}

export function writeLater({ get, set }: SchemaCache): LazyCache {
  const writing: Promise<void>[] = [];
  return {
    get,
    set: (key, value) => {
      writing.push(set(key, value));
      return Promise.resolve();
    },
    settled: async () => void (await Promise.all(writing)),
  };
}

/** How many values are also kept in memory. A save uses about ten. */
const mostInMemory = 24;
let inMemory: Map<string, unknown> | undefined;

/** From now on, what was read or written stays in memory too, for a process that works on the same project again and again. */
export function keepCacheInMemory(): void {
  inMemory ??= new Map();
}

function keepInMemory(file: string, value: unknown): void {
  if (inMemory === undefined) return;
  inMemory.delete(file);
  inMemory.set(file, value);
  const [oldest] = inMemory.keys();
  if (inMemory.size > mostInMemory && oldest !== undefined) inMemory.delete(oldest);
}

export const noCache: SchemaCache = { get: () => Promise.resolve(undefined), set: () => Promise.resolve() };

/** `versions` is everything besides the keys that could change the result for the same input. */
export function openCache(versions: readonly string[]): SchemaCache {
  const dir = cacheFolder();
  const fileOf = (key: string): string => join(dir, hashOf([process.versions.v8, ...versions, key]));
  return {
    get: async <T>(key: string) => {
      const file = fileOf(key);
      try {
        const held = inMemory?.get(file);
        if (held !== undefined) {
          keepInMemory(file, held);
          void keepOnDisk(file);
          return held as T;
        }
        const bytes = await readFile(file);
        const [sum, body] = [bytes.subarray(0, 32), bytes.subarray(32)];
        // The file is incomplete, or was not written by this cache.
        if (!createHash('sha256').update(body).digest().equals(sum)) return undefined;
        const value = deserialize(body) as T;
        await keepOnDisk(file);
        keepInMemory(file, value);
        return value;
      } catch {
        return undefined;
      }
    },
    set: async (key, value) => {
      try {
        const file = fileOf(key);
        keepInMemory(file, value);
        if (!(await isOwnFolder(dir))) return;
        const body = serialize(value);
        const draft = join(dir, `.${randomUUID()}`);
        await writeFile(draft, Buffer.concat([createHash('sha256').update(body).digest(), body]));
        await rename(draft, file);
        await prune(dir);
      } catch {
        // Without a cache, everything only takes longer.
      }
    },
  };
}

/** Entries in use are not removed. */
async function keepOnDisk(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

/** The cache folder of this user, or the one that the environment names. */
function cacheFolder(): string {
  return (
    process.env['NEST_MIGRATE_CACHE'] || join(tmpdir(), `nest-migrate-${process.getuid?.() ?? 'cache'}`, 'schemas')
  );
}

const databases = 'databases';

/** The folder for whole databases, in the cache folder. */
export function databaseCache(): string {
  return join(cacheFolder(), databases);
}

export function hashOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex');
}

async function prune(dir: string): Promise<void> {
  const files = (await readdir(dir)).filter((name) => name !== databases);
  if (files.length <= most) return;
  const aged = await Promise.all(files.map(async (file) => ({ file, at: (await stat(join(dir, file))).mtimeMs })));
  for (const { file } of aged.toSorted((a, b) => b.at - a.at).slice(most)) await rm(join(dir, file), { force: true });
}
