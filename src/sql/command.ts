import { sqlTokens } from './tokens.js';
import { Words } from './words.js';

/** The command of a statement, and its object. */
export interface Command {
  /** The title of its page in the manual: `CREATE INDEX`, `ALTER TABLE`, `SELECT`; empty if it is not SQL. */
  readonly command: string;
  /** The name of its object without quotes, or of the first one: `['public', 'users']` for a `CREATE TABLE`. */
  readonly name: readonly string[] | undefined;
  /** The table of an index, a trigger or a policy. */
  readonly on: readonly string[] | undefined;
  readonly unique: boolean;
  readonly concurrently: boolean;
}

interface Taken extends Command {
  /** The position of the name. */
  readonly start: number;
}

/** Words between the verb and the kind of object that do not change the command. */
const modifiers = set(
  'OR REPLACE GLOBAL LOCAL TEMP TEMPORARY UNLOGGED UNIQUE RECURSIVE CONSTRAINT TRUSTED PROCEDURAL DEFAULT',
);
/** Kinds of objects with more than one word. */
const longKinds = [
  'MATERIALIZED VIEW',
  'FOREIGN TABLE',
  'FOREIGN DATA WRAPPER',
  'ACCESS METHOD',
  'EVENT TRIGGER',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'USER MAPPING',
  'LARGE OBJECT',
  'DEFAULT PRIVILEGES',
].map((kind) => kind.split(' '));
/** Commands whose second word is the kind of an object. */
const onObjects = set('CREATE ALTER DROP REINDEX REFRESH');
/** Commands that are named by two words. */
const pairs: Readonly<Record<string, string>> = {
  START: 'TRANSACTION',
  PREPARE: 'TRANSACTION',
  COMMIT: 'PREPARED',
  ROLLBACK: 'PREPARED',
  DISCARD: 'ALL',
  INSERT: 'INTO',
  DELETE: 'FROM',
  MERGE: 'INTO',
  SECURITY: 'LABEL',
  COMMENT: 'ON',
};
const changes = set('INSERT UPDATE DELETE MERGE');
const queries = set('SELECT VALUES TABLE INSERT UPDATE DELETE MERGE');
const onTables = new Set(['CREATE INDEX', 'CREATE TRIGGER', 'CREATE POLICY', 'DROP TRIGGER', 'DROP POLICY']);

/** The command at the start of a text, reading only as much as necessary. */
export function commandOf(sql: string): Command {
  return takeCommand(Words.of(sqlTokens(sql)));
}

/** Moves past the command and the name of its object. */
export function takeCommand(words: Words): Taken {
  while (words.take('('));
  if (words.take('WITH')) words.skipOutsideTo(queries);
  const verb = words.token()?.kind === 'word' || words.peek().startsWith('\\') ? words.peek() : '';
  if (verb === '') return plain('', words);
  words.skip(1);
  if (onObjects.has(verb)) return aboutObject(words, verb);
  const second = pairs[verb];
  const command = second !== undefined && words.take(second) ? `${verb} ${second}` : verb;
  if (command === 'COMMENT ON') return aboutObject(words, command);
  if (changes.has(verb)) return aboutTable(words, command);
  return plain(command === 'COPY' && words.has('FROM', 'STDIN') ? 'COPY FROM STDIN' : command, words);
}

function aboutObject(words: Words, verb: string): Taken {
  // REINDEX takes its options here.
  const options = words.takeParentheses();
  const unique = words.peek() === 'UNIQUE';
  const command = `${verb} ${takeKind(words)}`;
  const concurrently = words.take('CONCURRENTLY') || isOn(options, 'CONCURRENTLY');
  if (!words.take('IF', 'NOT', 'EXISTS')) words.take('IF', 'EXISTS');
  const about = aboutTable(words, command);
  return { ...about, on: onTables.has(command) ? tableOf(words) : undefined, unique, concurrently };
}

function takeKind(words: Words): string {
  while (words.takeOne(modifiers));
  const long = longKinds.find((kind) => words.take(...kind));
  if (long) return long.join(' ');
  const kind = words.peek();
  words.skip(1);
  return kind;
}

/** An option may be off: `REINDEX (CONCURRENTLY false)`. */
function isOn(options: Words, option: string): boolean {
  const at = options.indexOf(option);
  return at !== -1 && !['FALSE', 'OFF', '0'].includes(options.peek(at + 1));
}

function aboutTable(words: Words, command: string): Taken {
  words.take('ONLY');
  const about = plain(command, words);
  // An index may be created without a name.
  return { ...about, name: words.peek() === 'ON' ? undefined : words.takeName() };
}

/** The table after ON. */
function tableOf(words: Words): readonly string[] | undefined {
  const rest = words.from(words.position);
  return takeOn(rest) ? rest.takeName() : undefined;
}

/** Moves to the table that an index, a trigger or a policy is on. */
export function takeOn(words: Words): boolean {
  const at = words.indexOf('ON');
  if (at === -1) return false;
  words.skip(at + 1);
  words.take('ONLY');
  return true;
}

function plain(command: string, { position: start }: Words): Taken {
  return { command, name: undefined, on: undefined, unique: false, concurrently: false, start };
}

function set(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
