import { statSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import type { Loads } from '../files/migration.js';
import { sourceFolderOf } from '../files/outputs.js';
import { loadable } from './compiled.js';
import { envFilesIn } from './env-files.js';

/** What a script of package.json passes to TypeORM's command. */
export interface Scripted {
  /** The path relative to the project. */
  readonly dataSource: string;
  /** The environment files that are loaded first. */
  readonly envFiles: readonly string[];
  /** The variables that every script with this data source sets, and to the same value. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The existing data sources that the scripts of a project name, each once. `manifest` is the content of package.json. */
export function scriptedDataSources(
  projectDir: string,
  manifest: Readonly<Record<string, unknown>>,
  loads: Loads,
): readonly Scripted[] {
  return namedInScripts(projectDir, manifest, loads).filter(({ dataSource }) => isFile(join(projectDir, dataSource)));
}

/** The same, including files that do not exist. */
export function namedInScripts(
  projectDir: string,
  manifest: Readonly<Record<string, unknown>>,
  loads: Loads,
): readonly Scripted[] {
  const scripts = scriptsOf(manifest);
  const found = new Map<string, Scripted>();
  for (const name of Object.keys(scripts)) {
    const command = expanded(name, scripts);
    for (const { path, variables } of handedToTypeorm(command)) {
      const named = normalize(path);
      const source = loads === 'typescript' ? sourceOf(projectDir, named) : undefined;
      const dataSource = source ?? relative(projectDir, loadable(projectDir, join(projectDir, named)));
      const known = found.get(dataSource);
      const common = known ? Object.entries(known.variables).filter(([key, value]) => variables[key] === value) : [];
      found.set(
        dataSource,
        known
          ? { ...known, variables: Object.fromEntries(common) }
          : { dataSource, envFiles: envFilesIn(command), variables },
      );
    }
  }
  return [...found.values()];
}

/**
 * Only arguments of TypeORM's command count, because `-d` means something else to others: `psql -d app && typeorm migration:run -d
 * src/data-source.ts`.
 */
function handedToTypeorm(script: string): readonly (Pick<Scripted, 'variables'> & { readonly path: string })[] {
  return script.split(/&&|\|\|?|;/).flatMap((command) => {
    const [, , path] = /\s(?:-d|--dataSource)[ =](["']?)([^\s"']+)\1/.exec(command) ?? [];
    return path !== undefined && command.includes('typeorm') ? [{ path, variables: variablesIn(command) }] : [];
  });
}

/**
 * `NODE_CONFIG_DIR=config ts-node …`, `cross-env NODE_ENV=development typeorm …`. A script for production does not decide what other commands are
 * for.
 */
function variablesIn(command: string): Readonly<Record<string, string>> {
  const [, given = ''] = /^\s*(?:(?:npx )?cross-env(?:-shell)? )?((?:\w+=\S*\s+)+)/.exec(command) ?? [];
  const found = [...given.matchAll(/(\w+)=(["']?)([^\s"'$`]*)\2(?=\s)/g)].map(([, name = '', , value = '']) => [
    name,
    value,
  ]);
  return Object.fromEntries(
    found.filter(([name, value]) => value !== '' && !(name === 'NODE_ENV' && value === 'production')),
  );
}

/** The source of a compiled data source, which is up to date even before the next build. */
function sourceOf(projectDir: string, file: string): string | undefined {
  const [, name, kind] = /^(.+)\.([cm]?)js$/.exec(basename(file)) ?? [];
  const folder = name === undefined ? undefined : sourceFolderOf(dirname(join(projectDir, file)), undefined);
  if (folder === undefined) return undefined;
  const source = join(folder, `${name}.${kind}ts`);
  return isFile(source) ? relative(projectDir, source) : undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The scripts of package.json. */
export function scriptsOf({ scripts }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const all = Object.entries(typeof scripts === 'object' && scripts !== null ? scripts : {});
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** A script with the scripts that it calls inserted: `npm run typeorm -- -d src/data-source.ts`. */
function expanded(
  name: string,
  scripts: Readonly<Record<string, string>>,
  calling: ReadonlySet<string> = new Set(),
): string {
  const inside = new Set([...calling, name]);
  return (scripts[name] ?? '').replace(
    /\b(?:npm|yarn|pnpm|bun)(?: run)? ([\w:.-]+)(?: --(?= ))?/g,
    (call, other: string) =>
      scripts[other] === undefined || inside.has(other) ? call : expanded(other, scripts, inside),
  );
}
