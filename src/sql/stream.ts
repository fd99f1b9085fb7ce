import { breaksIn, lineCounter, StatementPlace } from './split.js';
import type { SqlStatement } from './split.js';
import { sqlTokens } from './tokens.js';
import { isSignificant } from './words.js';

/** A comment at the beginning of a line. Text in a string or inside another comment does not count. */
export interface SqlCommentLine {
  readonly comment: string;
}

/** A comment at the beginning of a line is yielded before the statement that contains it. */
export type SqlPiece = SqlStatement | SqlCommentLine;

/**
 * Splits a text that arrives in pieces and may be larger than memory: only the unfinished statement is kept. A statement also ends at a
 * comment for which `ends` returns true.
 */
export function* splitStream(pieces: Iterable<string>, ends: (comment: string) => boolean): Generator<SqlPiece> {
  let rest = '';
  let at: Start = { line: 1, afterLineBreak: true };
  // An unfinished statement is read again only after its text has doubled, which keeps the total time linear.
  let wanted = 0;
  for (const piece of pieces) {
    rest += piece;
    if (rest.length < wanted) continue;
    const cut = cutAt(rest, at, ends, 'more to come');
    yield* cut.pieces;
    at = startAfter(rest.slice(0, cut.end), at);
    rest = rest.slice(cut.end);
    wanted = rest.length * 2;
  }
  yield* cutAt(rest, at, ends, 'the end').pieces;
}

/** The position at which a part of the text begins. */
interface Start {
  readonly line: number;
  readonly afterLineBreak: boolean;
}

function startAfter(text: string, at: Start): Start {
  if (text === '') return at;
  return { line: at.line + breaksIn(text, 0, text.length), afterLineBreak: false };
}

interface Cut {
  readonly pieces: readonly SqlPiece[];
  /** The text after this position belongs to the unfinished statement. */
  readonly end: number;
}

function cutAt(text: string, at: Start, ends: (comment: string) => boolean, then: 'more to come' | 'the end'): Cut {
  const pieces: SqlPiece[] = [];
  const line = lineCounter(text, at.line);
  let place = new StatementPlace();
  let comments: SqlCommentLine[] = [];
  let statement = nothing;
  let end = 0;
  const finish = (index: number): void => {
    const { from, to, isReal } = statement;
    pieces.push(...comments);
    if (isReal) pieces.push({ sql: text.slice(from, to), line: line(from) });
    [comments, statement, place, end] = [[], nothing, new StatementPlace(), index];
  };
  for (const token of sqlTokens(text)) {
    const next = token.index + token.text.length;
    // The token may continue in the next piece.
    if (then === 'more to come' && next === text.length) return { pieces, end };
    if (token.text.startsWith('--') && beginsLine(text, token.index, at)) {
      const one = { comment: token.text };
      if (ends(token.text)) {
        finish(next);
        pieces.push(one);
        continue;
      }
      comments.push(one);
    }
    if (place.endsAt(token)) finish(next);
    else if (token.kind !== 'space') statement = longer(statement, token.index, next, isSignificant(token));
  }
  finish(text.length);
  return { pieces, end };
}

/** The extent of the current statement so far, and whether it contains more than comments. */
const nothing = { from: -1, to: -1, isReal: false };

function longer(before: typeof nothing, from: number, to: number, isReal: boolean): typeof nothing {
  return { from: before.from === -1 ? from : before.from, to, isReal: before.isReal || isReal };
}

/** Whether only blanks come before this position in its line. At the beginning of the text, `afterLineBreak` decides. */
export function beginsLine(
  text: string,
  index: number,
  { afterLineBreak }: Pick<Start, 'afterLineBreak'> = { afterLineBreak: true },
): boolean {
  let before = index - 1;
  while (text[before] === ' ' || text[before] === '\t') before -= 1;
  return before < 0 ? afterLineBreak : text[before] === '\n' || text[before] === '\r';
}
