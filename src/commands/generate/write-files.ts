import { join, relative, resolve } from 'node:path';
import { rm } from 'node:fs/promises';
import { MigrateError } from '../../errors.js';
import { moduleKindOf } from '../../files/import-file.js';
import { listMigrations } from '../../files/list.js';
import { renderMigration } from '../../files/render.js';
import type { Template } from '../../files/template.js';
import { writeNew } from '../../files/write.js';
import { suffixes } from '../../plan/name.js';
import type { CommandContext } from '../context.js';
import { lockWritten, nextTimestamp, titleOf } from '../create.js';
import type { ProvenChange } from './change.js';
import type { GenerateOptions, GenerateResult } from './contract.js';

/** Renders and writes all files of one change, or none of them. */
export async function writeFiles(
  { files, name, told }: ProvenChange,
  options: GenerateOptions,
  context: CommandContext,
): Promise<GenerateResult> {
  const existing = await listMigrations(context.migrations);
  const folder = resolve(options.dir ?? context.settings.dir ?? existing.folder ?? 'migrations');
  const title = titleOf(options.name ?? name);
  const first = options.timestamp ?? nextTimestamp(existing);
  const ends = suffixes(files);
  const drafts = files.map((file, index) => {
    const fileName = `${first + index}-${title}${ends[index] ?? ''}.${options.language}`;
    const template: Template =
      options.language === 'js' ? (options.moduleKind ?? moduleKindOf(join(folder, fileName))) : options.language;
    const text = renderMigration(
      {
        name: `${title}${ends[index] ?? ''}${first + index}`,
        phase: file.phase,
        transaction: file.transaction,
        up: file.steps.map(({ sql, comment }) => ({ sql, ...(comment !== undefined && { comment }) })),
        down: file.down.map(({ sql, comment }) => ({ sql, ...(comment !== undefined && { comment }) })),
      },
      template,
    );
    return { fileName, text, file: relative(process.cwd(), join(folder, fileName)), steps: file.steps };
  });
  const result = {
    files: drafts.map(({ file }) => file),
    statements: drafts.flatMap(({ file, steps }) =>
      steps.map(({ sql, effect, phase }) => ({ file, sql, effect, phase })),
    ),
    ...told,
  };
  if (options.dryRun === true) return { ...result, texts: drafts.map(({ file, text }) => ({ file, text })) };
  await writeAll(folder, drafts);
  const written = drafts.map(({ fileName }) => join(folder, fileName));
  await lockWritten(written, { list: () => listMigrations(context.migrations), dir: context.settings.dir });
  return result;
}

async function writeAll(
  folder: string,
  drafts: readonly { readonly fileName: string; readonly text: string }[],
): Promise<void> {
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
