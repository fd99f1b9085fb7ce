import { classTextsIn } from '../../files/class-text.js';
import type { Observed } from '../../observe/observed.js';
import { sqlTokens } from '../../sql/index.js';

/** The positions of the statements in a migration file, and the findings that its comments ignore. */
export interface LocatedSource {
  /** The statements whose text is in the file. A statement that is composed at run time has no position. */
  readonly places: ReadonlyMap<Observed, Place>;
  readonly ignores: readonly Ignore[];
}

export interface Place {
  readonly line: number;
  readonly column: number;
  readonly lastLine: number;
}

export interface Ignore {
  readonly line: number;
  readonly rules: readonly string[];
  readonly reason: string;
  readonly scope: 'statement' | 'file';
}

/**
 * Statements are looked up in the order of their execution, so that a repeated text is found twice. In a file with several migrations, only
 * the class of this one is searched.
 */
export function locate(file: string, statements: readonly Observed[], name: string): LocatedSource {
  const text = ownPart(file, name);
  const { squeezed, offsets } = squeeze(text);
  const places = new Map<Observed, Place>();
  let from = 0;
  for (const statement of statements) {
    const wanted = squeeze(withoutComment(statement.sql)).squeezed;
    const next = squeezed.indexOf(wanted, from);
    const index = next === -1 ? squeezed.indexOf(wanted) : next;
    if (index === -1 || wanted === '') continue;
    from = index + wanted.length;
    const start = offsets[index] ?? 0;
    places.set(statement, {
      line: lineOf(text, start),
      column: start - text.lastIndexOf('\n', start - 1),
      lastLine: lineOf(text, offsets[from - 1] ?? start),
    });
  }
  return {
    places,
    ignores: [
      ...ignoresIn(file).filter(({ scope }) => scope === 'file'),
      ...ignoresIn(text).filter(({ scope }) => scope === 'statement'),
    ],
  };
}

/** The text of other classes is blanked rather than cut, so that line numbers stay the same. */
function ownPart(file: string, name: string): string {
  const classes = classTextsIn(file);
  const own = classes.find((one) => one.name === name);
  if (own === undefined || classes.length === 1) return file;
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  return blank(file.slice(0, own.from)) + own.text + blank(file.slice(own.to));
}

/** A statement without the comments before it. */
export function withoutComment(sql: string): string {
  for (const { kind, index } of sqlTokens(sql)) if (kind !== 'space' && kind !== 'comment') return sql.slice(index);
  return '';
}

/** Removes white space and the backslashes of template literals, so that wrapping and escaping do not matter. */
function squeeze(text: string): { readonly squeezed: string; readonly offsets: readonly number[] } {
  const kept: string[] = [];
  const offsets: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (/[\s\\;]/.test(char)) continue;
    kept.push(char);
    offsets.push(index);
  }
  return { squeezed: kept.join(''), offsets };
}

const ignoreMark =
  /(?:--|\/\/|\/\*|\*)\s*nest-migrate-ignore(-file)?\s+([\w-]+(?:\s*,\s*[\w-]+)*)\s*(?::\s*(.*?))?\s*(?:\*\/)?\s*$/;

function ignoresIn(text: string): readonly Ignore[] {
  return text.split('\n').flatMap((content, index) => {
    const match = ignoreMark.exec(content.trimEnd());
    if (!match) return [];
    const [, file, names = '', reason = ''] = match;
    return [
      {
        line: index + 1,
        rules: names.split(',').map((name) => name.trim()),
        reason,
        scope: file ? ('file' as const) : ('statement' as const),
      },
    ];
  });
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf('\n'); index !== -1 && index < offset; index = text.indexOf('\n', index + 1)) line += 1;
  return line;
}
