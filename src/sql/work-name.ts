/** What a session is called that works in batches through the blocks of a table. Each word stands in migrations that are never written again. */
export function nameInBlocks(done: string, total: string, rows: string, of: string): string {
  return `nest-migrate: ${done}/${total} blocks, ${rows} rows of ${of}`;
}

/** Or along its key: how fast is known only to the process that sends the batches. */
export function nameInRows(done: number, total: number, rate: number, of: string): string {
  return `nest-migrate: ${done}/${total} rows, ${Math.round(rate)} rows/s of ${of}`;
}

/** Both as a regular expression of the server, with these parts: done, total, unit, rows or rate, which of them, and of what. */
export const workNamePattern = String.raw`^nest-migrate: (\d+)/(\d+) (rows|blocks), (\d+) (rows|rows/s) of (.*)$`;

/** What a session is called that carries out one migration in a transaction. The server cuts it after 63 bytes. */
export function migrationName(direction: string, timestamp: number, title: string): string {
  return `nest-migrate: ${direction} ${timestamp} ${title}`;
}

/** Each of them begins with this. */
export const namePrefix = 'nest-migrate: ';

/** The direction and the timestamp in the name of such a session. */
export function migrationIn(
  name: string,
): { readonly direction: 'up' | 'down'; readonly timestamp: number } | undefined {
  const [, direction, timestamp] = /^nest-migrate: (up|down) (\d+) /.exec(name) ?? [];
  if (direction === undefined) return undefined;
  return { direction: direction === 'up' ? 'up' : 'down', timestamp: Number(timestamp) };
}
