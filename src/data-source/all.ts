import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { candidates, canLoadTypeScript, isSame } from './find.js';
import { listedDataSources } from './listed.js';
import { sourceFiles } from './project-files.js';
import { scriptedDataSources } from './scripts.js';
import { candidatesIn } from './search.js';

type Manifest = Readonly<Record<string, unknown>>;

/** A data source of a project, and the folder in which its commands are run. */
export interface PlacedDataSource {
  /** The path relative to the project. */
  readonly file: string;
  readonly dir: string;
}

/**
 * Every data source of a project. The list in package.json is complete if there is one. Otherwise these are the files named by
 * package.json, its scripts and the usual name, and every other file that exports a data source. Files in nested packages belong to the
 * commands there.
 */
export function allDataSources(projectDir: string, manifest: Manifest): readonly PlacedDataSource[] {
  const listed = listedDataSources(manifest);
  if (listed) return Object.keys(listed).map((file) => ({ file, dir: projectDir }));
  const { dataSource } = (manifest['nest-migrate'] ?? {}) as Manifest;
  const loads = canLoadTypeScript(projectDir) ? 'typescript' : 'javascript';
  const named = candidates(projectDir, scriptedDataSources(projectDir, manifest, loads));
  const own = typeof dataSource === 'string' ? [relative(projectDir, resolve(projectDir, dataSource))] : [];
  const { dataSources, ormConfigs } = candidatesIn(projectDir, sourceFiles(projectDir));
  const all = [
    ...[...own, ...named].map((file) => ({ file, dir: projectDir })),
    ...[...dataSources, ...ormConfigs].map((file) => ({ file, dir: packageAbove(file, projectDir) })),
  ];
  return all
    .filter(({ file }, index) => all.findIndex((other) => isSame(other.file, file)) === index)
    .toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

function packageAbove(file: string, projectDir: string): string {
  for (let dir = dirname(file); dir !== '.'; dir = dirname(dir))
    if (existsSync(join(projectDir, dir, 'package.json'))) return join(projectDir, dir);
  return projectDir;
}
