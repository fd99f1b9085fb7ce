import { readFileSync } from 'node:fs';

/** One line of measured.md. */
export interface Measured {
  readonly id: string;
  readonly sql: string;
  readonly on15: Outcome | undefined;
  readonly on18: Outcome;
}

/** What was seen of a statement, in the words of measured.md. */
export interface Outcome {
  readonly error?: string;
  /** `t:AX`, without indexes. */
  readonly locks: readonly string[];
  /** How many indexes are locked with SHARE UPDATE EXCLUSIVE or more. */
  readonly indexLocks: number;
  readonly rewrites: readonly string[];
  readonly builds: number;
  readonly scans: readonly string[];
  readonly messages: readonly string[];
}

/** Of a statement that failed only the error was measured. */
export const nothing: Outcome = { locks: [], indexLocks: 0, rewrites: [], builds: 0, scans: [], messages: [] };

export function readMeasured(): readonly Measured[] {
  const lines = readFileSync(new URL('measured.md', import.meta.url), 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('|')).slice(2);
  return rows.map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, id = '', code = '', locks = '', work = '', scans = '', last = ''] = cells;
    const sql = /^`(.*)`$/.exec(code)?.[1];
    if (cells.length !== 8 || sql === undefined) throw new Error(`This is no line of measured.md: ${line}`);
    const on15 = locks === 'needs PG18' ? undefined : outcomeOf(locks, work, scans);
    const [locks18 = '', work18 = '', ...scans18] = last.split('/').map((text) => text.trim());
    const on18 = last === 'same' ? on15 : outcomeOf(locks18, work18, scans18.join('/'));
    if (on18 === undefined) throw new Error(`What should it do on 18? ${line}`);
    return { id, sql, on15, on18 };
  });
}

function outcomeOf(locks: string, work: string, scans: string): Outcome {
  const error = /^ERROR: (.*)$/.exec(locks)?.[1];
  if (error !== undefined) return { ...nothing, error };
  const [, held = '', indexLocks = '0'] = matched(/^(.*?)(?:\(\+(\d+) idx\))?$/, locks);
  const [, tables = '', builds = '0'] = matched(/^(?:table (\S+))? ?(?:idx×(\d+))?$/, work);
  const [, scanned = '', message] = matched(/^([\w,]*) ?(?:\[(.*)\])?$/, scans);
  return {
    locks: wordsOf(held),
    indexLocks: Number(indexLocks),
    rewrites: wordsOf(tables),
    builds: Number(builds),
    scans: wordsOf(scanned),
    messages: message === undefined ? [] : [message],
  };
}

function matched(pattern: RegExp, text: string): readonly string[] {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`This cannot be read in measured.md: ${text}`);
  return found;
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(/[\s,+]+/)
    .filter((word) => word !== '')
    .sort();
}
