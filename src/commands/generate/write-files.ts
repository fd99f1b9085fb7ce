import { join, relative, resolve } from 'node:path';
import { rm } from 'node:fs/promises';
import { MigrateError } from '../../errors.js';
import { namesOfChange, titleIn } from '../../files/change.js';
import { folderOfClasses } from '../../files/class-list.js';
import { moduleKindOf } from '../../files/import-file.js';
import type { InLanguage } from '../../files/language.js';
import { listMigrations } from '../../files/list-migrations.js';
import type { MigrationList } from '../../files/migration.js';
import { renderFile } from '../../files/render.js';
import type { MigrationText as RenderedText } from '../../files/render.js';
import type { MigrationName } from '../../files/name.js';
import type { Template } from '../../files/template.js';
import { writeNew } from '../../files/write.js';
import { headingOf } from '../../plan/heading.js';
import type { ProvenFile } from '../../plan/prove.js';
import type { MigrationText } from '../../shadow/replay-key.js';
import type { CommandContext } from '../context.js';
import { lockWritten, nextTimestamp, titleOf } from '../create.js';
import { enlist } from '../enlist.js';
import { folderFor, placementOf } from '../placement.js';
import type { FoundBy, NewFile } from '../placement.js';
import type { ProvenChange } from './change.js';
import type { GenerateOptions, GenerateResult } from './types.js';

/** A file to write. */
export interface NewText {
  readonly fileName: string;
  /** The path as a user would type it in this folder. */
  readonly file: string;
  readonly text: string;
  readonly migrations: readonly Named[];
}

/** A planned migration with its name. */
interface Named extends MigrationName {
  readonly planned: ProvenFile;
  readonly rendered: RenderedText;
}

/** The written files, or in a dry run, the files that would be written. */
export interface WrittenFiles {
  readonly result: GenerateResult;
  readonly texts: readonly MigrationText[];
}

/** The files of a change, before anything is written. */
export interface Rendered {
  /** The result of a dry run. */
  readonly result: GenerateResult;
  readonly files: readonly NewText[];
  readonly folder: string;
  /** For each migration, the text of its file. */
  readonly texts: readonly MigrationText[];
}

/** Renders all files of one change. */
export async function renderFiles(
  { files: migrations, name, told }: ProvenChange,
  options: GenerateOptions & InLanguage,
  context: CommandContext,
): Promise<Rendered> {
  const existing = await listMigrations(context);
  const title = titleOf(options.name ?? (await offered(isFirst(existing, options) ? 'Init' : name, options)));
  const wanted = newFile(title, options, existing, context);
  const folder = folderFor(existing, wanted);
  const timestamp = options.timestamp ?? nextTimestamp(existing) + migrations.length - 1;
  const files = textsOf(migrations, { title, folder, timestamp, options });
  const statements = files.flatMap(({ file, migrations: own }) =>
    own.flatMap(({ name: migration, planned }) =>
      planned.steps.map(({ sql, effect, phase }) => ({ file, migration, sql, effect, phase })),
    ),
  );
  const texts = files.flatMap(({ file, text, migrations: own }) => own.map((one) => ({ name: one.name, file, text })));
  return { result: { files: files.map(({ file }) => file), statements, ...told }, files, folder, texts };
}

/** Renders and writes all files of one change, or none of them. */
export async function writeFiles(
  change: ProvenChange,
  options: GenerateOptions & InLanguage,
  context: CommandContext,
): Promise<WrittenFiles> {
  const { result, files, folder, texts } = await renderFiles(change, options, context);
  if (options.dryRun === true)
    return { result: { ...result, texts: files.map(({ file, text }) => ({ file, text })) }, texts };
  const existing = await listMigrations(context);
  let foundBy: FoundBy = 'pattern';
  for (const { fileName: name } of files)
    ({ foundBy } = await placementOf(existing, { ...newFile('Change', options, existing, context), name }));
  await writeAll(folder, files);
  const written = files.map(({ fileName }) => join(folder, fileName));
  await lockWritten(written, { list: () => listMigrations(context), dir: context.settings.dir });
  const classes = texts.map((one) => ({ name: one.name, file: resolve(one.file) }));
  const list = foundBy === 'list' ? await enlist(classes, context.dataSource, options) : undefined;
  return { result: { ...result, foundBy, ...(list && { list }) }, texts };
}

/** Whether nothing was generated before, so that the change contains the whole schema. */
function isFirst({ files, classes }: MigrationList, { from }: GenerateOptions): boolean {
  return from === undefined && files.length + classes.length === 0;
}

/** At a terminal, the user may choose another name. */
async function offered(name: string, { ask, dryRun }: GenerateOptions): Promise<string> {
  if (ask === undefined || dryRun === true) return name;
  const answer = await ask.text(`Name of the change (Enter: ${name}):`);
  return answer.trim() === '' ? name : answer;
}

/** A file that may be written, to ask whether the data source would find it. */
export function newFile(
  title: string,
  { language, dir }: Pick<GenerateOptions & InLanguage, 'language' | 'dir'>,
  existing: MigrationList,
  context: CommandContext,
): NewFile {
  const name = `${nextTimestamp(existing)}-${titleOf(title)}.${language}`;
  const setting = context.settings.dir ?? folderOfClasses(existing, context.dataSource);
  return { name, dir, setting, cwd: process.cwd() };
}

interface Drafting {
  readonly title: string;
  readonly folder: string;
  /** The timestamp of the last migration. */
  readonly timestamp: number;
  readonly options: GenerateOptions & InLanguage;
}

/** One file for the whole change, or one for each migration. An SQL file holds a single migration. */
function textsOf(migrations: readonly ProvenFile[], drafting: Drafting): readonly NewText[] {
  const { title, timestamp, options } = drafting;
  const count = migrations.length;
  const last = { name: `${title}${timestamp}`, timestamp };
  const named = namesOfChange(last, count).flatMap((one, index): readonly Named[] => {
    const planned = migrations[index];
    if (planned === undefined) return [];
    const { phase, transaction, apart, steps, down } = planned;
    const rendered: RenderedText = {
      name: one.name,
      phase,
      transaction,
      up: steps.map(shown),
      down: down.map(shown),
      ...(apart === 'by hand' && { byHand: true }),
      ...(count > 1 && { summary: headingOf(planned, index, count) }),
      ...(count > 1 && index === count - 1 && { steps: count }),
    };
    return [{ ...one, planned, rendered }];
  });
  const split = options.split === true || options.language === 'sql';
  return (split ? named.map((one) => [one]) : [named]).map((own) => textIn(own, drafting));
}

function textIn(migrations: readonly Named[], { folder, options }: Drafting): NewText {
  const last = migrations.at(-1);
  const fileName = `${last?.timestamp}-${titleIn(last?.name ?? '')}.${options.language}`;
  const template: Template =
    options.language === 'js' ? (options.moduleKind ?? moduleKindOf(join(folder, fileName))) : options.language;
  const text = renderFile(
    migrations.map(({ rendered }) => rendered),
    template,
  );
  return { fileName, file: relative(process.cwd(), join(folder, fileName)), text, migrations };
}

type Written = Pick<ProvenFile['down'][number], 'sql' | 'comment'>;

function shown({ sql, comment }: Written): { readonly sql: string; readonly comment?: string } {
  return { sql, ...(comment !== undefined && { comment }) };
}

async function writeAll(folder: string, files: readonly NewText[]): Promise<void> {
  const written: string[] = [];
  try {
    for (const { fileName, text } of files) {
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
    message: `${fileName} already exists: another process wrote it in the same millisecond. Nothing was written.`,
    next: 'Try again.',
  });
}
