import type { Flag } from './command.js';
import { collect, majorVersion } from './values.js';

/** Options that several commands have, though not all. */
export const shadow: Flag = {
  flags: '--shadow <url>',
  summary: 'create throwaway databases on this server instead of in this process',
};
export const sql: Flag = { flags: '--sql', summary: 'write plain SQL' };
export const javascript: Flag = { flags: '--js', summary: 'write JavaScript instead of TypeScript' };
export const folder: Flag = {
  flags: '--dir <folder>',
  summary: 'folder to write to (default: where the other migrations are)',
};
export const enlist: Flag = {
  flags: '--yes',
  summary: 'add new classes to the list of the data source without asking',
};
export const targetVersion: Flag = {
  flags: '--target-version <major>',
  summary: 'major version of the server (default: 15)',
  parse: majorVersion,
};
export const ignore: Flag = {
  flags: '--ignore <pattern>',
  summary: 'leave objects alone: table:events_*, audit.*, index:*_adhoc_idx',
  parse: collect,
};
export const yesDrop: Flag = {
  flags: '--yes-drop <database>',
  summary: 'drop without asking; the name must be that of the database',
};
