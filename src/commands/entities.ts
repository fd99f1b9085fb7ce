import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { fromHere } from '../data-source/describe.js';
import { isOutput } from '../files/outputs.js';
import { filesMatching, folderOf } from '../files/pattern-folder.js';
import { isStandard } from '../files/standard-patterns.js';
import { readCompilerPaths } from '../files/tsconfig.js';
import { earlyClassesIn } from '../shadow/early-classes.js';
import type { CommandContext } from './context.js';
import { tellOutdated } from './outdated.js';
import { shown } from './placement.js';

interface Given {
  /** The data source as the project defines it. */
  readonly source: DataSource;
  /** The same with its entities loaded. */
  readonly loaded: DataSource;
  /** The folder to which the patterns are relative. */
  readonly cwd: string;
}

/**
 * Whether the project has no entities: none are listed, or only the default pattern, and no file contains any.
 */
export async function hasNoEntities(source: DataSource, cwd: string): Promise<boolean> {
  const listed = listedBy(source);
  return listed.length === 0 || (listed.every(isStandard) && (await firstEntity(cwd)) === undefined);
}

/** Checks the entities before they are compared. */
export function refuseMissing(context: CommandContext): (loaded: DataSource) => Promise<void> {
  const { dataSource } = context;
  return async (loaded) => {
    const patterns = listedBy(dataSource).filter((one) => typeof one === 'string');
    tellOutdated(await filesMatching(patterns), context);
    await tellEarlyClasses(context);
    const given = { source: dataSource, loaded, cwd: process.cwd() };
    await refuseUnlisted(given);
    await refuseUnmatched(given);
  };
}

/** The files may have been loaded here in an order that works, while the app would fail at start with its own order. */
async function tellEarlyClasses({ dataSource, onEvent }: CommandContext): Promise<void> {
  if (readCompilerPaths(join(process.cwd(), 'tsconfig.json'))?.emitsMetadata !== true) return;
  const patterns = listedBy(dataSource).filter((one) => typeof one === 'string');
  const files = (await filesMatching(patterns)).filter((file) => /\.[cm]?ts$/.test(file));
  const [first, ...others] = files.flatMap(earlyClassesIn);
  if (first === undefined) return;
  const { property, type, circle } = first;
  const more =
    others.length === 0
      ? ''
      : ` The same applies to ${others.length} more: ${others.map((one) => one.property).join(', ')}.`;
  onEvent({
    type: 'warning',
    code: 'CLASS_USED_EARLY',
    message: `${fromHere(circle[0] ?? '')}: the type of ${property} is the class ${type}, and the files import each other (${circle.map(fromHere).join(' → ')}). If another of them is imported first, the app fails at startup with "Cannot access '${type}' before initialization". Write Relation<${type}> (import type { Relation } from 'typeorm').${more}`,
  });
}

/** If patterns match nothing, every table would seem to be gone from the entities, or there would seem to be nothing to do. */
export async function refuseUnmatched({ source, loaded, cwd }: Given): Promise<void> {
  if (loaded.entityMetadatas.length > 0 || (await hasNoEntities(source, cwd))) return;
  const patterns = listedBy(source).filter((one) => typeof one === 'string');
  const matched = await filesMatching(patterns);
  const folders = [...new Set(patterns.map(folderOf))].map((folder) => place(folder, cwd)).join(', and ');
  const found = matched.length === 0 ? '' : ` The files that match export no entity: ${some(matched, cwd)}.`;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `No entity matches the \`entities\` of the data source: ${patterns.map((pattern) => shown(pattern, cwd)).join(', ')}. Searched in ${folders}.${found} Nothing was compared, and nothing was written.`,
    next: await nextFor(patterns, matched, cwd),
    exitCode: ExitCode.usage,
  });
}

/** Refused because there is nothing to generate from. A project that writes its migrations by hand needs no entities. */
async function refuseUnlisted({ source, loaded, cwd }: Given): Promise<void> {
  if (loaded.entityMetadatas.length > 0 || !(await hasNoEntities(source, cwd))) return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: 'The data source lists no entities, so there is nothing to generate from. Nothing was written.',
    next: `${autoLoads(source) ? loadedByApp : named} To write a migration by hand: nest-migrate create <Name>`,
    exitCode: ExitCode.usage,
  });
}

const named = "Name them in its options, for example entities: ['src/**/*.entity.ts'].";
const loadedByApp =
  "autoLoadEntities is an option of @nestjs/typeorm: only the app knows these entities. Use the app: --app src/app.module.ts. Or name them here: entities: ['src/**/*.entity.ts'].";

function autoLoads({ options }: DataSource): boolean {
  return (options as { readonly autoLoadEntities?: unknown }).autoLoadEntities === true;
}

function listedBy({ options: { entities } }: DataSource): readonly unknown[] {
  return Array.isArray(entities) ? entities : Object.values(entities ?? {});
}

async function nextFor(patterns: readonly string[], matched: readonly string[], cwd: string): Promise<string> {
  if (matched.length > 0)
    return 'Decorate the classes with @Entity() and export them, or name the files that contain them in `entities`.';
  if (patterns.some((pattern) => isOutput(folderOf(pattern))))
    return 'Build the project first (npm run build), then try again; or name the sources in `entities`.';
  for (const pattern of patterns) {
    const other = pattern.replace(/([cm]?)(js|ts)(?=\W*$)/, (_all, kind: string, ending) =>
      ending === 'js' ? `${kind}ts` : `${kind}js`,
    );
    if (other !== pattern && (await filesMatching([other])).length > 0)
      return `Use the extension of the files that exist: entities: ['${shown(other, cwd)}']`;
  }
  const elsewhere = await firstEntity(cwd);
  const found = elsewhere === undefined ? '' : `There is an entity in ${shown(elsewhere, cwd)}. `;
  return `${found}Correct the pattern: it is relative to \`baseDir\` of defineDataSource, or else to the folder where the command is run.`;
}

const sources = '**/*.{ts,mts,cts,js,mjs,cjs}';
const looksAt = 2000;

async function firstEntity(cwd: string): Promise<string | undefined> {
  const { glob } = await import('tinyglobby');
  const files = await glob(sources, { cwd, absolute: true, ignore: ['**/node_modules/**', '**/*.d.ts'] });
  return files.slice(0, looksAt).find((file) => /@Entity\(|new EntitySchema\b/.test(readFileSync(file, 'utf8')));
}

function place(folder: string, cwd: string): string {
  return `${shown(folder, cwd)}${existsSync(folder) ? '' : ', which does not exist'}`;
}

function some(files: readonly string[], cwd: string): string {
  const names = files.slice(0, 3).map((file) => shown(file, cwd));
  return files.length > names.length ? `${names.join(', ')} and ${files.length - names.length} more` : names.join(', ');
}
