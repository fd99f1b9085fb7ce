import { inspect } from 'node:util';
import { MigrateError } from '../errors.js';
import { sqlTokens } from '../sql/index.js';

/** `expand` is safe while the old version of the app is running; `contract` (drops, narrowing) is safe only after that. */
export type Phase = 'expand' | 'contract';

const anyMark =
  /^[ \t]*(?:(?:public[ \t]+)?static[ \t]+(?:readonly[ \t]+)?phase[ \t]*(?::[^=\n]+)?|[\p{L}\p{N}_$.]+\.phase[ \t]*)=[ \t]*(["'`])(expand|contract)\1/gmu;
const sqlSection = /^--[ \t]*(?:migrate:)?(?:up|down)[ \t]*$/i;
const sqlMark = /^--[ \t]*phase[ \t]*:[ \t]*(.*?)[ \t]*$/i;

/**
 * The phase that the text of a file with one class clearly sets; undefined if the file has to be loaded to find out, because it sets the
 * phase in another way or inherits it from a class elsewhere.
 */
export function phaseInText(text: string): Phase | undefined {
  const [mark, ...more] = [...text.matchAll(anyMark)].map((match) => match[2]);
  const plain = more.length === 0 && !/\bextends\b/.test(text);
  if (!plain) return undefined;
  if (mark !== undefined) return mark as Phase;
  return /\bphase\b/.test(text) ? undefined : 'expand';
}

/** The header of a .sql file as written: `-- phase: contract`. */
export function sqlPhaseMark(text: string): string | undefined {
  // Only the comments at the top are read.
  for (const { kind, text: comment } of sqlTokens(text.replace(/^\uFEFF/, ''))) {
    if (kind === 'space') continue;
    if (!comment.startsWith('--') || sqlSection.test(comment)) return undefined;
    const mark = sqlMark.exec(comment)?.[1];
    if (mark !== undefined) return mark.toLowerCase();
  }
  return undefined;
}

/** Without a mark, the phase is `expand`. A misspelled mark is refused, because the old version may need what the migration drops. */
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
