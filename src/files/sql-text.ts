import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';

/** The text of a .sql file. It may be larger than memory, so it is read in pieces, and read again each time. */
export interface SqlText {
  readonly file: string;
  pieces(): Iterable<string>;
}

const pieceSize = 1_000_000;
/** Shorter texts are kept in memory: most are short, and a thousand files need not be opened twice. */
const keptSize = 100_000;

export function sqlTextOf(file: string): SqlText {
  return readable(file, () => {
    const version = versionOf(statSync(file));
    if (version.size <= keptSize) {
      const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
      const one = /(?<!\r)\n/.test(text) ? text : text.replaceAll('\r\n', '\n');
      return { file, pieces: () => [one] };
    }
    // If every line ends as on Windows, an editor or git caused it; otherwise a CR belongs to a string.
    const ends = everyLineEndsAsInWindows(file, version) ? 'Windows' : 'mixed';
    return { file, pieces: () => piecesOf(file, version, ends) };
  });
}

/** The beginning of a file, which contains its header. */
export function headOf(file: string): string {
  return readable(file, () => {
    for (const piece of rawPieces(file, undefined)) return piece;
    return '';
  });
}

/** Ignores how lines end and trailing blanks. */
export function checksumOfTexts(up: SqlText, down: SqlText | undefined): string {
  const hash = createHash('sha256');
  let blank = '';
  const add = (piece: string): void => {
    const text = blank + piece;
    const end = text.trimEnd().length;
    blank = text.slice(end);
    hash.update(
      text
        .slice(0, end)
        .replaceAll('\r\n', '\n')
        .replace(/[ \t]+$/gm, ''),
    );
  };
  for (const piece of up.pieces()) add(piece);
  if (down !== undefined) {
    add('\n-- down\n');
    for (const piece of down.pieces()) add(piece);
  }
  return hash.digest('hex');
}

interface Version {
  readonly size: number;
  readonly mtimeMs: number;
}

function versionOf({ size, mtimeMs }: Version): Version {
  return { size, mtimeMs };
}

function* piecesOf(file: string, version: Version, ends: 'Windows' | 'mixed'): Generator<string> {
  if (ends === 'mixed') return yield* rawPieces(file, version);
  let before = '';
  for (const piece of rawPieces(file, version)) {
    const text = before + piece;
    before = text.endsWith('\r') ? '\r' : '';
    yield text.slice(0, text.length - before.length).replaceAll('\r\n', '\n');
  }
  yield before;
}

/** The content of the file without a byte order mark. The file must not change between the check and the execution. */
function* rawPieces(file: string, version: Version | undefined): Generator<string> {
  const descriptor = openSync(file, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const bytes = Buffer.allocUnsafe(pieceSize);
    let isFirst = true;
    for (let length = readSync(descriptor, bytes); length > 0; length = readSync(descriptor, bytes)) {
      const text = decoder.write(bytes.subarray(0, length));
      yield isFirst ? text.replace(/^\uFEFF/, '') : text;
      isFirst = false;
    }
    yield decoder.end();
    const now = versionOf(fstatSync(descriptor));
    if (version && (now.size !== version.size || now.mtimeMs !== version.mtimeMs)) throw changed(file);
  } finally {
    closeSync(descriptor);
  }
}

function everyLineEndsAsInWindows(file: string, version: Version): boolean {
  let before = '';
  let some = false;
  for (const piece of rawPieces(file, version)) {
    const text = before + piece;
    if (/(?<!\r)\n/.test(text)) return false;
    some ||= text.includes('\n');
    before = text.slice(-1);
  }
  return some;
}

function readable<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isMigrateError(error)) throw error;
    throw new MigrateError({
      code: 'FILE_LOAD_FAILED',
      message: `${file} could not be read: ${messageOf(error)}.`,
      next: 'Make it readable for this user. The database was not touched.',
      cause: error,
    });
  }
}

function changed(file: string): MigrateError {
  return new MigrateError({
    code: 'FILE_LOAD_FAILED',
    message: `${file} was changed while it was being read, so the executed statements differ from the checked ones. If the migration runs in a transaction, everything is rolled back.`,
    next: 'Look at `nest-migrate status`, then run the command again.',
  });
}
