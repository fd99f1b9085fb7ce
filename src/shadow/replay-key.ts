import { readFileSync } from 'node:fs';
import type { KnownMigration } from '../files/migration.js';
import { hashOf } from './cache.js';

/** Made of the texts of all migrations; undefined when one of them may do something else another time. */
export function replayKey(migrations: readonly KnownMigration[], more: readonly string[]): string | undefined {
  const parts: string[] = [];
  for (const { name, file } of migrations) {
    const text = file === undefined ? undefined : readFileSync(file, 'utf8');
    if (text === undefined || !(file?.endsWith('.sql') || dependsOnlyOnItself(text))) return undefined;
    parts.push(name, text);
  }
  return `migrations ${hashOf([...more, ...parts])}`;
}

/** One for each migration, made of its text and all before it: up to the first that may do something else another time. */
export function chainKeys(migrations: readonly KnownMigration[], more: readonly string[]): readonly string[] {
  const keys: string[] = [];
  for (const { name, file } of migrations) {
    const text = file === undefined ? undefined : readFileSync(file, 'utf8');
    if (file === undefined || text === undefined || !(file.endsWith('.sql') || dependsOnlyOnItself(text))) break;
    keys.push(hashOf([keys.at(-1) ?? hashOf(more), name, file, text]));
  }
  return keys;
}

/** Not on files of the project, under whatever name they are imported; nor on the environment, on what is injected, on entities. */
export function dependsOnlyOnItself(text: string): boolean {
  const imported = [...text.matchAll(/\b(?:from|import|require\s*\()\s*(['"])(.*?)\1/g)].map((match) => match[2]);
  return imported.every((name) => name === 'typeorm') && !dependsOnMore.test(text);
}

const dependsOnMore = /\bimport\s*\(|process\.|\bconstructor\s*\(\s*[^\s)]|getRepository|\.manager\b/;
