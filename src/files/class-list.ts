import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DataSource } from 'typeorm';
import { classTextsIn } from './class-text.js';
import type { MigrationList } from './migration.js';

/** A migration class, and the file that exports it. */
export interface ClassInFile {
  readonly name: string;
  readonly file: string;
}

/** The edit that adds a class to the list. */
export interface ListChange {
  readonly file: string;
  /** The lines to add, as a developer would type them. */
  readonly lines: readonly string[];
  /** The text of the file before the edit. */
  readonly before: string;
  /** The whole text of the file after the edit. */
  readonly text: string;
}

/** Where a data source lists its migrations as classes. */
export interface ClassList {
  /** The file that holds the list. */
  readonly file: string;
  /** The files of the classes in it. */
  readonly files: readonly string[];
  /** The edit that adds these classes; undefined if the list is not a plain one. */
  adding(classes: readonly ClassInFile[]): ListChange | undefined;
}

const readers = new WeakMap<DataSource, () => ClassList | undefined>();

/** Registers how to find the list of a data source. Finding it needs a parser, so it is found only when it is asked for. */
export function setClassList(dataSource: DataSource, read: (loaded: readonly string[]) => ClassList | undefined): void {
  let known: { readonly list: ClassList | undefined } | undefined;
  readers.set(dataSource, () => (known ??= { list: read(namesIn(dataSource)) }).list);
}

function namesIn({ options: { migrations = [] } }: DataSource): readonly string[] {
  return Object.values(migrations).flatMap((one) => (typeof one === 'function' ? one.name : []));
}

/** Undefined if the list cannot be found. */
export function classListOf(dataSource: DataSource): ClassList | undefined {
  return readers.get(dataSource)?.();
}

/** The folder for new migrations if no folder is given: that of the classes in the list. */
export function folderOfClasses(
  { classes, patterns }: Pick<MigrationList, 'classes' | 'patterns'>,
  dataSource: DataSource,
): string | undefined {
  if (classes.length === 0 || patterns.length > 0) return undefined;
  const last = classListOf(dataSource)?.files.at(-1);
  return last === undefined ? undefined : dirname(last);
}

/** The files of the classes in the list, by the names of the classes. A class itself does not know its file. */
export function filesOfClasses(dataSource: DataSource): ReadonlyMap<string, string> {
  const files = classListOf(dataSource)?.files ?? [];
  return new Map(files.flatMap((file) => classTextsIn(readFileSync(file, 'utf8')).map(({ name }) => [name, file])));
}
