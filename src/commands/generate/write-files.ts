import { join, relative } from 'node:path';
import { rm } from 'node:fs/promises';
import { MigrateError } from '../../errors.js';
import { moduleKindOf } from '../../files/import-file.js';
import { listMigrations } from '../../files/list.js';
import type { MigrationList } from '../../files/migration.js';
import { renderMigration } from '../../files/render.js';
import type { Template } from '../../files/template.js';
import { writeNew } from '../../files/write.js';
import { suffixes } from '../../plan/name.js';
import type { ProvenFile } from '../../plan/prove.js';
import type { MigrationText } from '../../shadow/replay-key.js';
import type { CommandContext } from '../context.js';
import { lockWritten, nextTimestamp, titleOf } from '../create.js';
import { folderFor, placementOf } from '../placement.js';
import type { FoundBy, NewFile } from '../placement.js';
import type { ProvenChange } from './change.js';
import type { GenerateOptions, GenerateResult } from './contract.js';

/** A file that is to be written. */
interface Draft extends MigrationText {
  readonly fileName: string;
  readonly steps: ProvenFile['steps'];
}

/** What was written, or would be in a dry run. */
export interface WrittenFiles {
  readonly result: GenerateResult;
  readonly texts: readonly MigrationText[];
}

/** Renders and writes all files of one change, or none of them. */
export async function writeFiles(
  { files, name, told }: ProvenChange,
  options: GenerateOptions,
  context: CommandContext,
): Promise<WrittenFiles> {
  const existing = await listMigrations(context.migrations);
  const title = titleOf(options.name ?? name);
  const wanted = newFile(title, options, existing, context);
  const folder = folderFor(existing, wanted);
  const texts = draftsOf(files, { title, folder, first: options.timestamp ?? nextTimestamp(existing), options });
  const statements = texts.flatMap(({ file, steps }) =>
    steps.map(({ sql, effect, phase }) => ({ file, sql, effect, phase })),
  );
  const result = { files: texts.map(({ file }) => file), statements, ...told };
  if (options.dryRun === true)
    return { result: { ...result, texts: texts.map(({ file, text }) => ({ file, text })) }, texts };
  let foundBy: FoundBy = 'pattern';
  for (const { fileName } of texts) ({ foundBy } = await placementOf(existing, { ...wanted, name: fileName }));
  await writeAll(folder, texts);
  const written = texts.map(({ fileName }) => join(folder, fileName));
  await lockWritten(written, { list: () => listMigrations(context.migrations), dir: context.settings.dir });
  return { result: { ...result, foundBy }, texts };
}

/** A file that may be written, for those who ask whether the data source would find it. */
export function newFile(
  title: string,
  { language, dir }: Pick<GenerateOptions, 'language' | 'dir'>,
  existing: MigrationList,
  context: CommandContext,
): NewFile {
  const name = `${nextTimestamp(existing)}-${titleOf(title)}.${language}`;
  return { name, dir, setting: context.settings.dir, cwd: process.cwd() };
}

interface Drafting {
  readonly title: string;
  readonly folder: string;
  /** The timestamp of the first file. */
  readonly first: number;
  readonly options: GenerateOptions;
}

function draftsOf(files: readonly ProvenFile[], { title, folder, first, options }: Drafting): readonly Draft[] {
  const ends = suffixes(files);
  return files.map(({ phase, transaction, steps, down }, index) => {
    const end = ends[index] ?? '';
    const fileName = `${first + index}-${title}${end}.${options.language}`;
    const template: Template =
      options.language === 'js' ? (options.moduleKind ?? moduleKindOf(join(folder, fileName))) : options.language;
    const name = `${title}${end}${first + index}`;
    const text = renderMigration({ name, phase, transaction, up: steps.map(shown), down: down.map(shown) }, template);
    return { fileName, name, text, file: relative(process.cwd(), join(folder, fileName)), steps };
  });
}

type Written = Pick<ProvenFile['down'][number], 'sql' | 'comment'>;

function shown({ sql, comment }: Written): { readonly sql: string; readonly comment?: string } {
  return { sql, ...(comment !== undefined && { comment }) };
}

async function writeAll(folder: string, drafts: readonly Draft[]): Promise<void> {
  const written: string[] = [];
  try {
    for (const { fileName, text } of drafts) {
      if (!(await writeNew(folder, fileName, text))) throw taken(fileName);
      written.push(fileName);
    }
  } catch (error) {
    // Half of a change would be worse than none.
    for (const fileName of written) await rm(join(folder, fileName), { force: true });
    throw error;
  }
}

function taken(fileName: string): MigrateError {
  return new MigrateError({
    code: 'FILE_EXISTS',
    message: `${fileName} was there already: somebody else has made one in the same millisecond. Nothing was written.`,
    next: 'Try again.',
  });
}
