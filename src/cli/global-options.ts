import type { Flag } from './command.js';

/** The options that every command has. */
export const globalOptions: readonly Flag[] = [
  {
    flags: '-d, --data-source <file>',
    summary:
      'file that exports the data source (default: data-source.ts in ., src or dist, or the one that your scripts name)',
  },
  { flags: '--app <file>', summary: 'Nest module whose connection to use, such as src/app.module.ts; or main.ts' },
  { flags: '--connection <name>', summary: 'name of the connection, with --app' },
  { flags: '--tsconfig <file>', summary: 'tsconfig for loading TypeScript files (default: tsconfig.json)' },
  { flags: '--json', summary: 'print one JSON object on stdout and nothing else' },
  { flags: '--quiet', summary: 'print no progress' },
  { flags: '--verbose', summary: 'print stack traces and every statement' },
  { flags: '--no-color', summary: 'print no colors' },
  { flags: '--lock-timeout <duration>', summary: 'how long a statement waits for a table lock (default: 2s)' },
  { flags: '--retry-for <duration>', summary: 'how long to retry after a lock timeout (default: 10min)' },
  { flags: '--statement-timeout <duration>', summary: 'how long a statement may run (default: 0, no limit)' },
  {
    flags: '--wait-for-others <duration>',
    summary: 'how long to wait for another process that is migrating (default: 0, no limit)',
  },
  { flags: '--connect-timeout <duration>', summary: 'how long to wait for the server (default: 30s)' },
  {
    flags: '--out-of-order <policy>',
    summary: 'what to do with a pending migration older than an applied one (default: warn)',
    choices: ['run', 'warn', 'refuse'],
  },
  {
    flags: '--edited <policy>',
    summary: 'what to do if a .sql file was edited after it was applied (default: refuse)',
    choices: ['warn', 'refuse'],
  },
  {
    flags: '--contract <policy>',
    summary: 'when contract migrations run (default: next-deploy if NODE_ENV is production, else immediately)',
    choices: ['next-deploy', 'manual', 'immediately'],
  },
];
