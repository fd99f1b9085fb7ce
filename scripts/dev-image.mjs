// Makes the database that comes with nest-migrate-dev, as src/data-source/packed-image.ts reads it, so that no machine of a user has to
// spend seconds on it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const root = resolve(import.meta.dirname, '..');
execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: ['ignore', 2, 2] });
const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/dev/package.json'), 'utf8'));
const { initialise, settings } = await import('../build/esm/data-source/database-image.js');

/** Everything in it, with paths from its top. */
function pack(dir) {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => ({
    path: join(entry.parentPath, entry.name).slice(dir.length + 1),
    isFolder: entry.isDirectory(),
  }));
  const files = entries.filter(({ isFolder }) => !isFolder).map(({ path }) => [path, readFileSync(join(dir, path))]);
  const index = {
    pglite: dependencies['@electric-sql/pglite'],
    settings,
    folders: entries.filter(({ isFolder }) => isFolder).map(({ path }) => path),
    files: files.map(([path, content]) => [path, content.length]),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...files.map(([, content]) => content)]);
}

const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-image-'));
try {
  await initialise(dir);
  const packed = pack(dir);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 9,
    // The template databases are mostly the same, and each has seven megabytes.
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: packed.length,
  };
  writeFileSync(join(root, 'packages/dev/postgres.br'), brotliCompressSync(packed, { params }));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
