import { resolve } from 'node:path';
import type { DataSource } from 'typeorm';
import { importFile, importThrough } from '../files/import-file.js';
import type { ImportFile } from '../files/import-file.js';
import { filesMatching } from '../files/pattern-folder.js';

const patterned = ['entities', 'subscribers'] as const;
const loadable = /(?<!\.d)\.[cm]?[jt]s$/;

const key = Symbol.for('nest-migrate.loader');

/** The function with which the project itself loads the files of a data source, if it has one. */
export function loaderOf(dataSource: DataSource): ImportFile | undefined {
  return (dataSource as { readonly [key]?: ImportFile })[key];
}

/**
 * Lets the project itself load the files of its data source. A test runner transforms imports of the project, but not those of a package:
 * TypeORM could not load TypeScript there, or would get a second copy of each class.
 */
export function loadThroughProject(dataSource: DataSource, load: ImportFile): void {
  importThrough(load);
  Object.defineProperty(dataSource, key, { value: load, enumerable: false });
  const initialize = dataSource.initialize.bind(dataSource);
  dataSource.initialize = async () => {
    await loadPatterns(dataSource);
    return initialize();
  };
}

/** Replaces patterns with the exports of their files. TypeORM picks the classes that it knows. */
async function loadPatterns({ options }: DataSource): Promise<void> {
  for (const name of patterned) {
    const given = Object.values(options[name] ?? {}) as readonly unknown[];
    const found: unknown[] = [];
    for (const one of given) found.push(...(typeof one === 'string' ? await exportsOf(one) : [one]));
    if (given.length > 0) Object.assign(options, { [name]: [...new Set(found)] });
  }
}

async function exportsOf(pattern: string): Promise<readonly unknown[]> {
  const files = await filesMatching([pattern]);
  const modules = await Promise.all(
    files.filter((file) => loadable.test(file)).map((file) => importFile(resolve(file))),
  );
  return modules.flatMap(classesIn);
}

/** The same search as in TypeORM: classes and entity schemas, including those in arrays and objects. */
function classesIn(exported: unknown): readonly unknown[] {
  if (typeof exported === 'function' || isEntitySchema(exported)) return [exported];
  if (typeof exported !== 'object' || exported === null) return [];
  return Object.values(exported).flatMap(classesIn);
}

function isEntitySchema(value: unknown): boolean {
  return (value as Record<string, unknown> | null | undefined)?.['@instanceof'] === Symbol.for('EntitySchema');
}
