import { readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { DataSource } from 'typeorm';
import { fromHere } from '../data-source/describe.js';
import { sourceFiles } from '../data-source/project-files.js';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';
import { howToLoadTypeScript, relationHint, typeScriptToInstall } from '../files/import-file.js';
import { filesMatching } from '../files/pattern-folder.js';
import { whatToCorrect } from '../typeorm/not-set-up.js';
import { importCycleOf } from './import-cycle.js';

/** The error for a data source that could not be initialised. */
export async function notSetUp(error: unknown, dataSource: DataSource): Promise<unknown> {
  if (isMigrateError(error)) return error;
  const thrown = placeOf(error);
  if (thrown !== undefined) return notLoaded(error, thrown);
  const entity = entityIn(messageOf(error));
  const file = entity === undefined ? undefined : await fileOf(entity, dataSource);
  const circle = file === undefined || isMistyped(error) ? undefined : told(file);
  const empty = emptyEntry(dataSource);
  // Node's error does not name the file.
  const toInstall = error instanceof SyntaxError ? howToLoad(dataSource) : undefined;
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: [
      `TypeORM could not set up the data source: ${messageOf(error)}`,
      ...(empty === undefined
        ? []
        : [`Entry ${empty + 1} of \`entities\` was undefined when the data source was created.`]),
      ...(circle ? [circle] : []),
    ].join('\n'),
    next:
      toInstall ??
      (empty !== undefined
        ? 'Import the class where the list is defined, and do not let any entity import that list, not even through another file. Nothing was written.'
        : circle === undefined
          ? `${whatToCorrect(error)} Nothing was written.`
          : 'If the missing value was undefined, declare it in a file that imports no entity, and import it from there. Nothing was written.'),
    cause: error,
  });
}

/** Vitest transforms what the project imports, but not what TypeORM loads by patterns. */
function howToLoad({ options }: DataSource): string | undefined {
  const isPattern = Object.values((options.entities ?? {}) as object).some((one) => typeof one === 'string');
  const inVitest = isPattern && process.env['VITEST'] !== undefined ? howToLoadTypeScript() : undefined;
  return typeScriptToInstall(join(process.cwd(), 'entity.ts')) ?? inVitest;
}

interface Thrown {
  readonly file: string;
  /** The position, with line and column. */
  readonly place: string;
}

function notLoaded(error: unknown, { file, place }: Thrown): MigrateError {
  const hint = relationHint(error);
  const circle = hint === undefined ? undefined : told(file);
  return new MigrateError({
    code: 'FILE_LOAD_FAILED',
    message: [`${place} failed while it was loaded: ${messageOf(error)}`, ...(circle ? [circle] : [])].join('\n'),
    next: `${hint ?? 'Correct that line, or what it needs.'} Nothing was written.`,
    cause: error,
  });
}

/** A file that could not be loaded, with the import cycle that may be the reason for an undefined value. */
export function namingCircle(error: unknown): unknown {
  if (!isMigrateError(error) || error.code !== 'FILE_LOAD_FAILED') return error;
  if (!/before initialization|undefined|is not defined/.test(messageOf(error.cause))) return error;
  const first = framesOf(error.cause).find(({ file }) => !isInPackage(file));
  const circle = first === undefined ? undefined : told(first.file);
  return circle === undefined ? error : error.with({ message: `${error.message}\n${circle}` });
}

/** Whether TypeORM rejects the name of a type, as it was written: no import is the reason. A class, such as Object, has a capital letter. */
function isMistyped(error: unknown): boolean {
  return /^Data type "(?!undefined")[a-z]/.test(messageOf(error));
}

/** The place in the project that threw an error; undefined if a package threw it, such as TypeORM. */
function placeOf(error: unknown): Thrown | undefined {
  const [first] = framesOf(error);
  if (first === undefined || isInPackage(first.file)) return undefined;
  const isOwn = !relative(process.cwd(), first.file).startsWith('..');
  return isOwn ? { file: first.file, place: `${fromHere(first.file)}:${first.at}` } : undefined;
}

function framesOf(error: unknown): readonly { readonly file: string; readonly at: string }[] {
  const lines = (error instanceof Error ? (error.stack ?? '') : '').split('\n');
  return lines.flatMap((line) => {
    const [, path, at] = /^\s*at (?:.*\()?((?:file:\/\/)?\/.*|[A-Za-z]:\\.*?):(\d+:\d+)\)?$/.exec(line) ?? [];
    return path === undefined || at === undefined ? [] : { file: path.replace(/^file:\/\//, ''), at };
  });
}

function isInPackage(file: string): boolean {
  return file.includes(`${sep}node_modules${sep}`);
}

/** The entity that TypeORM names in an error. */
function entityIn(message: string): string | undefined {
  return /of Entity "(\w+)"|\bfor (\w+)#\w+|in "(\w+)\.\w+"/
    .exec(message)
    ?.slice(1)
    .find((one) => one !== undefined);
}

async function fileOf(entity: string, { options }: DataSource): Promise<string | undefined> {
  const listed: readonly unknown[] = Array.isArray(options.entities) ? options.entities : [];
  const declaration = new RegExp(`\\bclass ${entity}\\b`);
  const patterns = listed.filter((one) => typeof one === 'string');
  if (patterns.length > 0)
    return (await filesMatching(patterns)).find((file) => declaration.test(readFileSync(file, 'utf8')));
  // A class does not know the file that declares it.
  const declaring = sourceFiles(process.cwd()).find(({ text }) => declaration.test(text));
  return declaring && resolve(declaring.file);
}

/** The first undefined entry in a list of classes, as after a circular import. */
function emptyEntry({ options: { entities } }: DataSource): number | undefined {
  const at = Array.isArray(entities) ? entities.findIndex((one: unknown) => one === undefined) : -1;
  return at === -1 ? undefined : at;
}

function told(file: string): string | undefined {
  const circle = importCycleOf(file);
  return (
    circle &&
    `These files import each other, so that one of them is loaded before the other is complete: ${circle.map(fromHere).join(' → ')}.`
  );
}
