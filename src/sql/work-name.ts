import { truncatedName } from './identifier.js';

/**
 * The name of a session that processes a table in batches of blocks. The wording must not change, because migrations that contain it are
 * never rewritten.
 */
export function nameInBlocks(done: string, total: string, rows: string, of: string): string {
  return `nest-migrate: ${done}/${total} blocks, ${rows} rows of ${of}`;
}

/**
 * The name of a session that processes a table in batches by key. Only the process that sends the batches knows the rate. A total of 0 is not
 * known.
 */
export function nameInRows(done: number, total: number, rate: number, of: string): string {
  return truncatedName(`nest-migrate: ${done}/${total} rows, ${Math.round(rate)} rows/s of ${of}`);
}

/** Matches both names on the server. The groups are: done, total, unit, rows or rate, which of the two, and the table. */
export const workNamePattern = String.raw`^nest-migrate: (\d+)/(\d+) (rows|blocks), (\d+) (rows|rows/s) of (.*)$`;

/** The name of a session that executes a migration in a transaction. The server would truncate a longer one, and say so. */
export function migrationName(direction: string, timestamp: number, title: string): string {
  return truncatedName(`nest-migrate: ${direction} ${timestamp} ${title}`);
}

/** The common prefix of these names. */
export const namePrefix = 'nest-migrate: ';

/** The direction and the timestamp in the name of such a session. */
export function migrationIn(
  name: string,
): { readonly direction: 'up' | 'down'; readonly timestamp: number } | undefined {
  const [, direction, timestamp] = /^nest-migrate: (up|down) (\d+) /.exec(name) ?? [];
  if (direction === undefined) return undefined;
  return { direction: direction === 'up' ? 'up' : 'down', timestamp: Number(timestamp) };
}
