import { readFileSync } from 'node:fs';
import type { KnownMigration } from '../files/migration.js';
import { hashOf } from './cache.js';

/**
 * Migrations in their order, and the keys of what they lead to: the first one of the empty list, then one for each migration, made of its
 * text and of all before it, up to the first that may do something else another time.
 */
export interface Chain {
  readonly migrations: readonly KnownMigration[];
  readonly keys: readonly string[];
  /** What the result depends on beside the migrations. */
  readonly initial: readonly string[];
}

/** A migration by what is in it. */
export interface MigrationText {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

export function chainOf(migrations: readonly KnownMigration[], initial: readonly string[]): Chain {
  const keys = [hashOf(['migrations', ...initial])];
  for (const { name, file } of migrations) {
    if (file === undefined) break;
    const key = keyAfter(keys.at(-1), { name, file, text: readFileSync(file, 'utf8') });
    if (key === undefined) break;
    keys.push(key);
  }
  return { migrations, keys, initial };
}

/** Whether the texts are as they were: of a file that has changed meanwhile, either text may have been executed. */
export function isUnchanged({ migrations, keys, initial }: Chain): boolean {
  const now = chainOf(migrations, initial).keys;
  return now.length === keys.length && now.at(-1) === keys.at(-1);
}

/** The key of what all of them lead to; undefined where that may be something else another time. */
export function wholeKey({ migrations, keys }: Chain): string | undefined {
  return keys[migrations.length];
}

/** The key of what all of them lead to together with others that come after them. */
export function keyWith(chain: Chain, others: readonly MigrationText[]): string | undefined {
  return others.reduce<string | undefined>(keyAfter, wholeKey(chain));
}

function keyAfter(before: string | undefined, { name, file, text }: MigrationText): string | undefined {
  if (before === undefined || !(file.endsWith('.sql') || dependsOnlyOnItself(text))) return undefined;
  return hashOf([before, name, text]);
}

/** Not on files of the project, under whatever name they are imported; nor on the environment, on what is injected, on entities. */
export function dependsOnlyOnItself(text: string): boolean {
  const imported = [...text.matchAll(/\b(?:from|import|require\s*\()\s*(['"])(.*?)\1/g)].map((match) => match[2]);
  return imported.every((name) => name === 'typeorm') && !dependsOnMore.test(text);
}

const dependsOnMore = /\bimport\s*\(|process\.|\bconstructor\s*\(\s*[^\s)]|getRepository|\.manager\b/;
