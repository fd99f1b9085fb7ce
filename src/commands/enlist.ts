import type { DataSource } from 'typeorm';
import { fromHere } from '../data-source/describe.js';
import { MigrateError } from '../errors.js';
import { classListOf } from '../files/class-list.js';
import type { ClassInFile } from '../files/class-list.js';
import { changeFile } from '../files/write.js';

/** Whether new classes may be added to the list of the data source. */
export interface Consent {
  readonly ask?: { confirm(question: string): Promise<boolean> } | undefined;
  /** Adds the class without asking. Otherwise, the user is asked at a terminal, and elsewhere the list is not changed. */
  readonly addToList?: boolean | undefined;
}

/** The classes that the list of the data source lacks, or that were added to it. */
export interface Enlisted {
  readonly state: 'added' | 'to add';
  readonly file: string;
  /** The lines to add. */
  readonly lines: readonly string[];
}

/** Adds new classes to the list of the data source, if that is allowed. Undefined if the list is not a plain one. */
export async function enlist(
  classes: readonly ClassInFile[],
  dataSource: DataSource,
  { ask, addToList = false }: Consent,
): Promise<Enlisted | undefined> {
  const change = classListOf(dataSource)?.adding(classes);
  if (change === undefined) return undefined;
  const { lines, before, text } = change;
  const file = fromHere(change.file);
  const diff = lines.map((line) => `  + ${line}`).join('\n');
  if (!addToList && !(await ask?.confirm(`${file}\n${diff}\nAdd these lines to the list of migrations?`)))
    return { state: 'to add', file, lines };
  await changeFile(change.file, (now) => {
    if (now === before) return text;
    throw new MigrateError({
      code: 'FILE_NOT_WRITTEN',
      message: `${file} was changed by another program in the meantime, so the migrations were not added to its list.`,
      next: `Add these lines to it:\n${diff}`,
    });
  });
  return { state: 'added', file, lines };
}
