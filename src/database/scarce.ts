const diskFull = 'Free disk space on the server, for tables and indexes, its WAL and temporary files';
const memory =
  'Give the server more memory: close sessions that use much of it, or lower work_mem and maintenance_work_mem of this role';

/** By the code, and what the message says besides. https://www.postgresql.org/docs/current/errcodes-appendix.html (class 53, and 58030) */
const remedies: readonly (readonly [code: string, says: string, remedy: string])[] = [
  [
    '53100',
    'shared memory segment',
    'Give the server more shared memory (a container: --shm-size=256m), or let it use no parallel workers (max_parallel_workers_per_gather and max_parallel_maintenance_workers = 0)',
  ],
  ['53100', '', diskFull],
  [
    '53200',
    'out of shared memory',
    'Raise max_locks_per_transaction on the server, which needs a restart; or let fewer tables be changed in one transaction',
  ],
  ['53200', '', memory],
  ['53400', '', 'Raise the limit of the server that the message names'],
  ['58030', '', 'Look into the log of the server and at its disk, which it could not read or write'],
];

/**
 * What to do about an error of the server that lacks something, rather than of the migration: disk, memory, or what a limit allows. The
 * beginning of a sentence.
 */
export function remedyFor({
  code,
  message = '',
}: {
  readonly code?: string;
  readonly message?: string;
}): string | undefined {
  return remedies.find(([one, says]) => one === code && message.includes(says))?.[2];
}
