import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The name of a .sql file in the ledger. Other tools name their files differently, and each form becomes a name and a timestamp of thirteen
 * digits: `20230915120000_create_users.sql` (a date in UTC: dbmate, Supabase, golang-migrate), `1694779200_x.sql` (seconds), `0001_x.sql`
 * (a number), `V1.2__x.sql` (a version: Flyway), each optionally with `.up` before `.sql`.
 */
export function sqlTitle(file: string): { readonly title: string; readonly timestamp: number } | undefined {
  const name = basename(file).replace(/(?:\.up)?\.sql$/, '');
  const [, version, ofVersioned] = /^V(\d+(?:[._]\d+)*)__(.+)$/.exec(name) ?? [];
  const [, digits = '', title = ''] = /^(\d{1,14})[-_]+(.+)$/.exec(name) ?? [];
  const timestamp = version === undefined ? ofDigits(digits) : ofVersion(version.split(/[._]/));
  return timestamp === undefined ? undefined : { title: ofVersioned ?? title, timestamp };
}

function ofDigits(digits: string): number | undefined {
  if (digits === '') return undefined;
  const date = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?$/.exec(digits);
  const moment = date ? ofDate(date.slice(1).map((part) => Number(part ?? 0))) : undefined;
  if (moment !== undefined || digits.length === 14) return moment;
  return Number(digits) * (digits.length === 10 ? 1000 : 1);
}

/** Undefined if the date or the time does not exist. */
function ofDate([year = 0, month = 0, ...rest]: readonly number[]): number | undefined {
  const [day = 0, hour = 0, minute = 0, second = 0] = rest;
  const moment = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const parts = [moment.getUTCMonth() + 1, moment.getUTCDate(), moment.getUTCHours(), moment.getUTCMinutes()];
  const exists = [month, day, hour, minute].every((part, index) => part === parts[index]) && second < 60;
  return exists && year >= 1970 && year < 2200 ? moment.getTime() : undefined;
}

/** 1.2 comes after 1 and before 1.10 and 2. A version that is a date counts as a date. */
function ofVersion(parts: readonly string[]): number | undefined {
  const [major = '', ...minors] = parts;
  if (major.length >= 8) return minors.length === 0 ? ofDigits(major) : undefined;
  const fits = Number(major) < 10_000 && minors.length <= 3 && minors.every((part) => Number(part) < 1000);
  if (!fits) return undefined;
  return [0, 1, 2].reduce((sum, index) => sum * 1000 + Number(minors[index] ?? 0), Number(major));
}

/** Whether the file only undoes another file: `x.down.sql` for `x.up.sql` or `x.sql`, `U1__x.sql` for `V1__x.sql`. */
export function isDownFile(file: string): boolean {
  return file.endsWith('.sql') && /\.down\.sql$|^U\d[\d._]*__/.test(basename(file));
}

/** The file in the same folder that undoes this one. */
export function downFileOf(file: string): string | undefined {
  if (!file.endsWith('.sql')) return undefined;
  const name = basename(file);
  const down = /^V\d/.test(name) ? name.replace(/^V/, 'U') : name.replace(/(?:\.up)?\.sql$/, '.down.sql');
  const path = join(dirname(file), down);
  return existsSync(path) ? path : undefined;
}
