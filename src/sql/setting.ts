import type { Words } from './words.js';

/** A setting that a statement changes; `all` of RESET ALL. */
export interface Setting {
  readonly name: string;
  readonly until: 'transaction' | 'session';
  /** Its name and value, as written. */
  readonly text: string;
}

/** The settings of `SET TIME ZONE` and other special forms. */
const forms: readonly (readonly [words: readonly string[], name: string])[] = [
  [['TIME', 'ZONE'], 'timezone'],
  [['SESSION', 'AUTHORIZATION'], 'session_authorization'],
  [['NAMES'], 'client_encoding'],
  [['SCHEMA'], 'search_path'],
  [['XML', 'OPTION'], 'xmloption'],
  [['ROLE'], 'role'],
  [['TRANSACTION', 'ISOLATION', 'LEVEL'], 'transaction_isolation'],
];

/** https://www.postgresql.org/docs/current/sql-set.html */
export function settingOf(words: Words, sql: string): Setting | undefined {
  if (words.take('RESET')) return named(words, 'session', sql);
  if (!words.take('SET')) return undefined;
  // These affect the transaction rather than a setting, or set the mode of later transactions.
  if (words.peek() === 'CONSTRAINTS' || words.peek() === 'TRANSACTION') return undefined;
  if (words.take('SESSION', 'CHARACTERISTICS'))
    return { name: 'session characteristics', until: 'session', text: words.rest(sql) };
  const until = words.take('LOCAL') ? 'transaction' : 'session';
  if (words.peek() === 'SESSION' && words.peek(1) !== 'AUTHORIZATION') words.take('SESSION');
  return named(words, until, sql);
}

function named(words: Words, until: Setting['until'], sql: string): Setting | undefined {
  const text = words.rest(sql);
  for (const [form, name] of forms) if (isForm(words, form)) return { name, until, text };
  const parts = words.takeName();
  return parts && { name: parts.join('.').toLowerCase(), until, text };
}

/** A setting may have the name of a special form: `SET role = 'app'`. */
function isForm(words: Words, form: readonly string[]): boolean {
  return form.every((word, index) => words.peek(index) === word) && !['=', 'TO'].includes(words.peek(form.length));
}
