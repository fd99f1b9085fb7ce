import { breaksIn, lineCounter, StatementPlace } from './split.js';
import type { SqlStatement } from './split.js';
import { sqlTokens } from './tokens.js';
import { isSignificant } from './words.js';

/** A comment that begins its line. Text in a string, or in another comment, is none. */
export interface SqlCommentLine {
  readonly comment: string;
}

/** A comment that begins its line comes before the statement that it is in. */
export type SqlPiece = SqlStatement | SqlCommentLine;

/**
 * Splits a text that comes in pieces, and may be larger than what memory should hold: kept is no more than the statement that has not ended yet.
 * A statement also ends at a comment for which `ends` is true.
 */
export function* splitStream(pieces: Iterable<string>, ends: (comment: string) => boolean): Generator<SqlPiece> {
  let rest = '';
  let at: Start = { line: 1, afterLineBreak: true };
  // A statement that did not end is read again only when twice as much of it is there: that keeps the whole linear.
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

/** Where a part of the text begins. */
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
  /** What comes after that belongs to what has not ended. */
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
    // It may go on in the next piece.
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

/** What is known of the statement that a text is in: where it begins and ends so far, and whether it is more than comments. */
const nothing = { from: -1, to: -1, isReal: false };

function longer(before: typeof nothing, from: number, to: number, isReal: boolean): typeof nothing {
  return { from: before.from === -1 ? from : before.from, to, isReal: before.isReal || isReal };
}

/** Whether there is nothing but blanks before it in its line; at the beginning of the text, as it is said. */
export function beginsLine(
  text: string,
  index: number,
  { afterLineBreak }: Pick<Start, 'afterLineBreak'> = { afterLineBreak: true },
): boolean {
  let before = index - 1;
  while (text[before] === ' ' || text[before] === '\t') before -= 1;
  return before < 0 ? afterLineBreak : text[before] === '\n' || text[before] === '\r';
}
