// Makes the database that comes with nest-migrate-dev, as src/data-source/packed-image.ts reads it, so that no machine of a user has to
// spend seconds on it. The build calls this when it is out of date.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { PGlite } from '../packages/dev/pglite.js';

const root = resolve(import.meta.dirname, '..');
const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/dev/package.json'), 'utf8'));
const { initialise, settings } = await import('../build/esm/data-source/database-image.js');

/** PGlite connects to one database only, so that the templates of others would only be copied and deleted each time. */
async function leaveOnlyWhatIsUsed(dir) {
  const database = await PGlite.create(dir);
  for (const template of ['template0', 'template1']) {
    await database.exec(`ALTER DATABASE ${template} IS_TEMPLATE false`);
    await database.exec(`DROP DATABASE ${template}`);
  }
  // After that, nothing but a checkpoint is in the log.
  await database.exec('SELECT pg_switch_wal()');
  await database.exec('CHECKPOINT');
  const [current] = (await database.query('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name')).rows;
  await database.close();
  const isSegment = (name) => /^[0-9A-F]{24}$/.test(name);
  for (const name of readdirSync(join(dir, 'pg_wal')))
    if (isSegment(name) && name !== current.name) rmSync(join(dir, 'pg_wal', name));
}

/** Without the zeros at its end: a segment of the log consists of little else. */
function contentOf(file) {
  const bytes = readFileSync(file);
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return { size: bytes.length, stored: bytes.subarray(0, end) };
}

/** Everything in it, with paths from its top. */
function pack(dir) {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => ({
    path: join(entry.parentPath, entry.name).slice(dir.length + 1),
    isFolder: entry.isDirectory(),
  }));
  const files = entries
    .filter(({ isFolder }) => !isFolder)
    .map(({ path }) => ({ path, ...contentOf(join(dir, path)) }));
  const index = {
    pglite: dependencies['@electric-sql/pglite'],
    settings,
    folders: entries.filter(({ isFolder }) => isFolder).map(({ path }) => path),
    files: files.map(({ path, size, stored }) => [path, size, stored.length]),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...files.map(({ stored }) => stored)]);
}

const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-image-'));
try {
  await initialise(dir);
  await leaveOnlyWhatIsUsed(dir);
  const packed = pack(dir);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: packed.length };
  const file = join(root, 'packages/dev/postgres.br');
  // Two builds may do this at the same moment.
  writeFileSync(`${file}.${process.pid}`, brotliCompressSync(packed, { params }));
  renameSync(`${file}.${process.pid}`, file);
} catch (error) {
  // Without the stack, which quotes PGlite's code: that is one line of a megabyte.
  console.error(`The database for packages/dev was not made: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
