import type { Flag } from './command.js';
import { collect, majorVersion } from './values.js';

/** Options that several commands have, though not all. */
export const shadow: Flag = {
  flags: '--shadow <url>',
  summary: 'create shadows (temporary databases) on this server',
};
export const sql: Flag = { flags: '--sql', summary: 'write plain SQL' };
export const javascript: Flag = { flags: '--js', summary: 'write JavaScript instead of TypeScript' };
export const folder: Flag = {
  flags: '--dir <folder>',
  summary: 'folder to write to (default: where the other migrations are)',
};
export const enlist: Flag = {
  flags: '--yes',
  summary: 'add new classes to the migrations list of the data source without asking',
};
export const targetVersion: Flag = {
  flags: '--target-version <major>',
  summary: 'major version of the server (default: 15)',
  parse: majorVersion,
};
export const ignore: Flag = {
  flags: '--ignore <pattern>',
  summary: 'objects to ignore: table:events_*, audit.*, index:*_adhoc_idx',
  parse: collect,
};
export const yesDrop: Flag = {
  flags: '--yes-drop <database>',
  summary: 'drop without asking; the name must be that of the database',
};
/** Answers that only the author of a change knows. */
export const decisions: readonly Flag[] = [
  {
    flags: '--rename <old=new>',
    summary: 'treat as renamed: users.name=full_name, or users=people',
    parse: collect,
  },
  {
    flags: '--drop <object>',
    summary: 'treat as removed, not renamed: users.name, or users',
    parse: collect,
  },
  {
    flags: '--keep <object>',
    summary: 'created by hand, not renamed: users.name, or users',
    parse: collect,
  },
  {
    flags: '--backfill <column=sql>',
    summary: `value of a new NOT NULL column in existing rows: users.country='DE'`,
    parse: collect,
  },
  {
    flags: '--using <column=sql>',
    summary: 'how to convert values to a new type: users.age=age::int',
    parse: collect,
  },
  { flags: '--stored-timezone <zone>', summary: 'time zone of the stored timestamps that have none, such as UTC' },
  { flags: '--allow-destructive', summary: 'also write statements that lose data' },
];
