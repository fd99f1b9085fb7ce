import { randomUUID } from 'node:crypto';
import type { Draft, DraftFile } from '../../database/drafts.js';
import { listMigrations } from '../../files/list-migrations.js';
import { checksumOf } from '../../files/migrations-lock.js';
import { timestampOf } from '../../files/name.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { originKey } from '../../shadow/origins.js';
import type { MigrationText } from '../../shadow/replay-key.js';
import { newFile, renderFiles } from '../generate/write-files.js';
import { placementOf } from '../placement.js';
import type { FoundBy } from '../placement.js';
import type { FileChange, Following } from './find-both.js';
import { holderOf } from './losses.js';

export interface NextDraft {
  readonly draft: Draft;
  readonly foundBy: FoundBy;
  readonly files: readonly { readonly name: string; readonly shown: string }[];
  readonly texts: readonly MigrationText[];
}

/** The draft with the files of a change, which replaces the present draft. */
export async function draftOf(
  { key, change, answers, before, wanted, isAdopted, project }: FileChange,
  { draft, options }: Following,
): Promise<NextDraft> {
  const title = options.name ?? draft?.title;
  const timestamp = await sameTimestamp(draft, change.files.length, project);
  const rendered = await renderFiles(change, { ...options, name: title, timestamp, dryRun: true }, project);
  const existing = await listMigrations(project);
  let foundBy: FoundBy = 'pattern';
  for (const { fileName: name } of rendered.files)
    ({ foundBy } = await placementOf(existing, { ...newFile('Change', options, existing, project), name }));
  const files: readonly DraftFile[] = rendered.files.map(({ fileName: name, text }) => ({ name, text }));
  const renamed = new Set(answers.renames.map(({ to }) => keyOf(to as ObjectId)));
  const made = wanted.objects.map(({ id }) => id).filter((id) => !before.has(id));
  const next: Draft = {
    id: randomUUID(),
    migrations: rendered.texts.map(({ name }) => ({ name, timestamp: timestampOf(name) ?? 0 })),
    files,
    isWritten: false,
    checksums: [...new Set([...(draft?.checksums ?? []), ...files.map(({ text }) => checksumOf(text))])],
    names: [...new Set([...(draft?.names ?? []), ...files.map(({ name }) => name)])],
    down: change.files
      .toReversed()
      .map(({ transaction, down }) => ({ transaction, statements: down.map(({ sql }) => sql) })),
    made: made.map(originKey),
    holders: made.filter((id) => !renamed.has(keyOf(id))).flatMap(holderOf),
    ...(isAdopted && { isAdopted }),
    answers,
    key,
    title,
  };
  const shown = rendered.files.map(({ fileName: name, file }) => ({ name, shown: file }));
  return { draft: next, foundBy, files: shown, texts: rendered.texts };
}

/** Whether both drafts have the same files, so that nothing would be written. */
export function sameFiles(one: Draft, other: Draft): boolean {
  const own = new Map(one.files.map(({ name, text }) => [name, text]));
  return one.files.length === other.files.length && other.files.every(({ name, text }) => own.get(name) === text);
}

/** A draft keeps its timestamp unless a later migration exists or its steps need more timestamps. */
async function sameTimestamp(
  draft: Draft | undefined,
  steps: number,
  project: FileChange['project'],
): Promise<number | undefined> {
  const timestamp = draft?.migrations.at(-1)?.timestamp ?? 0;
  const { files } = await listMigrations(project);
  const newest = Math.max(0, ...files.map(({ expected }) => expected?.timestamp ?? 0));
  return timestamp >= newest + steps ? timestamp : undefined;
}
