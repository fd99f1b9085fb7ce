import { dirname } from 'node:path';
import type { DataSource } from 'typeorm';
import type { MigrationList } from './migration.js';

/** A migration class, and the file that exports it. */
export interface ClassInFile {
  readonly name: string;
  readonly file: string;
}

/** What a file has to say so that a class is in the list. */
export interface ListChange {
  readonly file: string;
  /** The lines to add, as they would be typed. */
  readonly lines: readonly string[];
  /** The text that the file had. */
  readonly before: string;
  /** The whole text of the file with these lines. */
  readonly text: string;
}

/** Where a data source lists its migrations as classes. */
export interface ClassList {
  /** The file that holds the list. */
  readonly file: string;
  /** The files of the classes in it. */
  readonly files: readonly string[];
  /** What would add classes to it; undefined where the list is no plain one. */
  adding(classes: readonly ClassInFile[]): ListChange | undefined;
}

const readers = new WeakMap<DataSource, () => ClassList | undefined>();

/** Tells how to find the list of a data source. It takes a parser, so it is read only by what needs it. */
export function setClassList(dataSource: DataSource, read: () => ClassList | undefined): void {
  let known: { readonly list: ClassList | undefined } | undefined;
  readers.set(dataSource, () => (known ??= { list: read() }).list);
}

/** Undefined where it cannot be told where the list is. */
export function classListOf(dataSource: DataSource): ClassList | undefined {
  return readers.get(dataSource)?.();
}

/** Where new migrations go unless a folder is named: beside the classes in the list. */
export function folderOfClasses(
  { classes, patterns }: Pick<MigrationList, 'classes' | 'patterns'>,
  dataSource: DataSource,
): string | undefined {
  if (classes.length === 0 || patterns.length > 0) return undefined;
  const last = classListOf(dataSource)?.files.at(-1);
  return last === undefined ? undefined : dirname(last);
}
