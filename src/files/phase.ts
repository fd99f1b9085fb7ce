import { inspect } from 'node:util';
import { MigrateError } from '../errors.js';

/** `expand` is safe while the old version of the app still runs; `contract` (drops, narrowing) only when that is gone. */
export type Phase = 'expand' | 'contract';

const anyMark =
  /^[ \t]*(?:(?:public[ \t]+)?static[ \t]+(?:readonly[ \t]+)?phase[ \t]*(?::[^=\n]+)?|[\p{L}\p{N}_$.]+\.phase[ \t]*)=[ \t]*(["'`])(expand|contract)\1/gmu;
/** The comments at the top of a .sql file. */
const sqlHeader = /^(?:[ \t]*(?:--[^\n]*)?\n)*/;
const sqlSection = /^[ \t]*--[ \t]*(?:migrate:)?(?:up|down)[ \t]*$/im;
const sqlMark = /^[ \t]*--[ \t]*phase[ \t]*:[ \t]*(.*?)[ \t]*$/im;

/**
 * The phase that the text of a file with one class plainly says; undefined when only loading it can tell, because it speaks of a phase in
 * another way, or inherits from a class elsewhere.
 */
export function phaseInText(text: string): Phase | undefined {
  const [mark, ...more] = [...text.matchAll(anyMark)].map((match) => match[2]);
  const plain = more.length === 0 && !/\bextends\b/.test(text);
  if (!plain) return undefined;
  if (mark !== undefined) return mark as Phase;
  return /\bphase\b/.test(text) ? undefined : 'expand';
}

/** What the header of a .sql file says, as it is written: `-- phase: contract`. */
export function sqlPhaseMark(text: string): string | undefined {
  const lines = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const header = sqlHeader.exec(`${lines}\n`)?.[0] ?? '';
  return sqlMark.exec(header.slice(0, sqlSection.exec(header)?.index ?? header.length))?.[1]?.toLowerCase();
}

/** No mark is `expand`. A misspelt one is refused: what it would drop is needed by the old version. */
export function phaseOf(mark: unknown, name: string, file: string | undefined): Phase {
  if (mark === undefined || mark === 'expand') return 'expand';
  if (mark === 'contract') return 'contract';
  throw new MigrateError({
    code: 'FILE_INVALID',
    message: `The phase of migration ${name}${file === undefined ? '' : ` in ${file}`} must be 'expand' or 'contract', but is ${inspect(mark)}. The database was not touched.`,
    next: "Write `static readonly phase = 'contract'` in the class, `-- phase: contract` at the top of a .sql file; or remove it, for 'expand'.",
    migration: name,
  });
}
