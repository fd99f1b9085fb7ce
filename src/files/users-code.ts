import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { QueryRunner } from 'typeorm';
import { standingIn } from '../data-source/stand-in.js';

type Reads = Set<string>;
type Call = (...args: readonly unknown[]) => unknown;

const watching = new AsyncLocalStorage<Reads>();
const inUsersCode = new AsyncLocalStorage<true>();

/** Calls code of the user: a migration, or a file that is loaded for one. */
export function asUsersCode<T>(call: () => T): T {
  // If the answer is not asked for, it makes every promise slower for nothing.
  return watchers === 0 ? call() : inUsersCode.run(true, call);
}

/** Calls a migration or a seed, whose code may import the data source of the project. */
export function executeUsersCode<T>(queryRunner: QueryRunner, call: () => Promise<T>): Promise<T> {
  return asUsersCode(() => standingIn(queryRunner.connection, async () => call()));
}

/** Does some work, and reports which data files the user's code has read or looked for in the meantime. */
export async function watchReads<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly reads: ReadonlySet<string> }> {
  const reads: Reads = new Set();
  const unwatch = watch();
  try {
    return { value: await watching.run(reads, work), reads };
  } finally {
    unwatch();
  }
}

/** Calls code of the user whose reads do not matter. */
export function unwatched<T>(call: () => T): T {
  return watching.exit(call);
}

/** The functions for reading files that the cache allows in a migration. */
const readers = ['readFile', 'readFileSync', 'existsSync', 'readdir', 'readdirSync'] as const;
let watchers = 0;
let restore: () => void = () => undefined;

function watch(): () => void {
  watchers += 1;
  if (watchers === 1) restore = patch();
  return () => {
    watchers -= 1;
    if (watchers === 0) restore();
  };
}

function patch(): () => void {
  const patched = [fs, fs.promises].flatMap((object) => {
    const functions = object as unknown as Record<string, Call | undefined>;
    return readers.flatMap((name) => {
      const read = functions[name];
      if (read === undefined) return [];
      functions[name] = noting(read);
      return [() => (functions[name] = read)];
    });
  });
  syncBuiltinESMExports();
  return () => {
    for (const putBack of patched) putBack();
    syncBuiltinESMExports();
  };
}

function noting(read: Call): Call {
  return function noted(this: unknown, ...args) {
    const file = inUsersCode.getStore() && pathOf(args[0]);
    if (file !== undefined && !isOthers(file)) watching.getStore()?.add(file);
    return read.apply(this, [...args]);
  };
}

function pathOf(given: unknown): string | undefined {
  if (typeof given === 'string') return resolve(given);
  return given instanceof URL && given.protocol === 'file:' ? fileURLToPath(given) : undefined;
}

/** Files that loaders read while they load the user's code, and files of the shadow. */
function isOthers(file: string): boolean {
  return /[\\/]node_modules(?:[\\/]|$)|[\\/]nest-migrate-shadow-|\.(?:[cm]?[jt]sx?|map|node|wasm)$|[\\/](?:package|tsconfig.*)\.json$/.test(
    file,
  );
}
