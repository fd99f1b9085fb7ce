import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { developmentFile, developmentVersion } from '../development.js';

/** The format that `scripts/dev-image.mjs` writes: this object as a line of JSON, then the contents of the files, one after the other. */
interface Packed {
  readonly pglite: string;
  readonly settings: string;
  readonly folders: readonly string[];
  /** What is not stored of a file are zeros at its end. */
  readonly files: readonly (readonly [path: string, size: number, stored: number])[];
}

/**
 * Unpacks the database that comes with the package into an empty folder. Returns false if there is none, or one with other settings. It is
 * unpacked each time: reading a copy that an earlier process has left is no faster, and would have to be found complete.
 */
export function unpackImage(target: string, settings: string): boolean {
  const bytes = packed();
  if (bytes === undefined) return false;
  const end = bytes.indexOf('\n');
  const image = JSON.parse(bytes.subarray(0, end).toString()) as Packed;
  if (image.settings !== settings || image.pglite !== developmentVersion('@electric-sql/pglite')) return false;
  for (const folder of ['', ...image.folders]) mkdirSync(join(target, folder), { recursive: true, mode: 0o700 });
  let at = end + 1;
  for (const [path, size, stored] of image.files) {
    write(join(target, path), bytes.subarray(at, at + stored), size);
    at += stored;
  }
  return true;
}

function write(file: string, content: Buffer, size: number): void {
  const opened = openSync(file, 'w', 0o600);
  try {
    for (let at = 0; at < content.length;) at += writeSync(opened, content, at);
    if (content.length < size) ftruncateSync(opened, size);
  } finally {
    closeSync(opened);
  }
}

function packed(): Buffer | undefined {
  const file = developmentFile('postgres.br');
  try {
    return file === undefined ? undefined : brotliDecompressSync(readFileSync(file));
  } catch {
    // Without one, as in an unpacked repository, the database is created here.
    return undefined;
  }
}
