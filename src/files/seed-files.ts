import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { QueryRunner } from 'typeorm';
import { MigrateError } from '../errors.js';
import { instanceOf, isInjected } from './class-migration.js';
import { importFile } from './import-file.js';
import type { Instantiate, Listing, MigrationClass, MigrationList } from './migration.js';
import { folderOf } from './pattern-folder.js';
import type { Seed, SeedTimes } from './seed.js';
import { sqlScript } from './sql-file.js';
import { headOf } from './sql-text.js';
import { executeUsersCode } from './users-code.js';

/** A seed, by the name of its file without the extension. */
export interface SeedFile {
  readonly name: string;
  readonly file: string;
}

/** A seed whose file has been loaded. */
export interface LoadedSeed extends SeedFile {
  readonly when: SeedTimes;
  /** Undefined if the seed is for every environment. */
  readonly environments: readonly string[] | undefined;
  run(queryRunner: QueryRunner, instantiate: Instantiate): Promise<unknown>;
}

/** The folder named by the setting `seeds`, or `seeds` beside the migrations: beside the compiled ones if this process loads those. */
export function seedFolder(
  { patterns: [first], folder, loads }: MigrationList,
  { settings }: { readonly settings: Listing['settings'] & { readonly seeds: string | undefined } },
): string {
  if (settings.seeds !== undefined) return resolve(settings.seeds);
  const migrations = loads === 'javascript' && first !== undefined ? folderOf(first) : folder;
  return migrations === undefined ? resolve('seeds') : join(dirname(migrations), 'seeds');
}

/** The seeds, sorted by name. */
export function listSeeds(folder: string): readonly SeedFile[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const names = files.filter((file) => /\.(?:sql|[cm]?[jt]s)$/.test(file) && !/\.d\.[cm]?ts$/.test(file)).toSorted();
  const seeds = names.map((file) => ({ name: basename(file).replace(/\.\w+$/, ''), file: join(folder, file) }));
  const twice = seeds.find(({ name }, index) => seeds[index + 1]?.name === name);
  if (twice === undefined) return seeds;
  throw invalid(
    twice.file,
    'another file has the same name',
    'Rename one of them, or delete the output of an old build.',
  );
}

export async function loadSeed(listed: SeedFile): Promise<LoadedSeed> {
  return listed.file.endsWith('.sql') ? sqlSeed(listed) : classSeed(listed);
}

function sqlSeed(listed: SeedFile): LoadedSeed {
  const header = new Map<string, string>();
  for (const line of headOf(listed.file).split(/\r?\n/)) {
    if (line.trim() !== '' && !line.startsWith('--')) break;
    const [, name, value] = /^--[ \t]*(\w+)[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) header.set(name.toLowerCase(), value);
  }
  if (header.get('transaction')?.toLowerCase() === 'false')
    throw invalid(
      listed.file,
      'it says `-- transaction: false`, but each seed runs in a transaction',
      'Remove that line.',
    );
  const { run } = sqlScript(listed.file);
  const environments = header
    .get('environments')
    ?.split(',')
    .map((name) => name.trim());
  return { ...listed, ...checked(listed.file, header.get('seed')?.toLowerCase(), environments), run };
}

async function classSeed(listed: SeedFile): Promise<LoadedSeed> {
  const classes = [...new Set(Object.values((await importFile(listed.file)) as object).filter(isSeedClass))];
  const [seed] = classes;
  if (seed === undefined || classes.length > 1)
    throw invalid(
      listed.file,
      seed === undefined ? 'it exports no class with a method `run`' : 'it exports several classes with a method `run`',
      'Export one class: export class DemoUsers implements Seed { async run(queryRunner) { … } }',
    );
  const { when, environments } = seed as { readonly when?: unknown; readonly environments?: unknown };
  return {
    ...listed,
    ...checked(listed.file, when, environments),
    run: async (queryRunner, instantiate) => {
      const made = isInjected(seed) ? await instantiate(seed, queryRunner, 'run') : instanceOf(seed);
      return executeUsersCode(queryRunner, () => (made as Seed).run(queryRunner));
    },
  };
}

function isSeedClass(value: unknown): value is MigrationClass {
  const { prototype } = Object(value) as { readonly prototype?: Partial<Seed> };
  return typeof value === 'function' && typeof prototype?.run === 'function';
}

function checked(
  file: string,
  when: unknown = 'once',
  environments: unknown,
): Pick<LoadedSeed, 'when' | 'environments'> {
  if (when !== 'once' && when !== 'always')
    throw invalid(
      file,
      `when it runs must be once or always, but is ${JSON.stringify(when)}`,
      'Correct it, or leave it out.',
    );
  const isList = Array.isArray(environments) && environments.every((name) => typeof name === 'string' && name !== '');
  if (environments !== undefined && !isList)
    throw invalid(
      file,
      'its environments must be a list of names',
      "For example: static readonly environments = ['development', 'test']",
    );
  return { when, environments: environments as readonly string[] | undefined };
}

function invalid(file: string, what: string, next: string): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `The seed ${file} cannot run: ${what}. The database was not touched.`,
    next,
  });
}
