import type { DataSource } from 'typeorm';
import { plainName, quoteLiteral, sqlTokens } from '../sql/index.js';

/** The initial settings of every session of a database, in order. */
export type SessionSettings = readonly (readonly [name: string, value: string])[];

interface Given {
  readonly url?: string;
  readonly extra?: { readonly options?: unknown };
  readonly replication?: { readonly master: Pick<Given, 'url'> };
}

/** Of the others, timeouts and roles are about the server that the connection is for. */
const meaningful = new Set(['search_path', 'timezone', 'datestyle', 'intervalstyle']);

/**
 * What the data source sets when it connects, as far as it changes what statements mean: in its address, in `extra.options`, or in
 * PGOPTIONS, in the order in which `pg` looks.
 */
export function sessionSettingsOf({ options }: DataSource): SessionSettings {
  const { url, extra, replication } = options as Given;
  const inExtra = typeof extra?.options === 'string' ? extra.options : undefined;
  const given = inAddress(replication?.master.url ?? url) ?? inExtra ?? process.env['PGOPTIONS'] ?? '';
  return settingsIn(given).filter(([name]) => meaningful.has(name) || name.includes('.'));
}

function inAddress(url: string | undefined): string | undefined {
  return new URLSearchParams(url?.split('?', 2)[1] ?? '').get('options') ?? undefined;
}

/** `-c search_path=app --work_mem=8MB`, as PostgreSQL reads it: a backslash keeps a space from separating. */
function settingsIn(options: string): SessionSettings {
  const words = (options.match(/(?:\\[^]|[^\\\s])+/g) ?? []).map((word) => word.replace(/\\([^])/g, '$1'));
  const settings: (readonly [string, string])[] = [];
  for (const [index, word] of words.entries()) {
    const assignment = words[index - 1] === '-c' ? word : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(assignment ?? '') ?? [];
    if (name !== undefined && value !== undefined) settings.push([name.replaceAll('-', '_').toLowerCase(), value]);
  }
  return settings;
}

/** The same settings as the `options` of a connection. */
export function asOptions(settings: SessionSettings): string {
  return settings.map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`).join(' ');
}

/** The same settings as statements for an open session; empty if there are none. */
export function asSql(settings: SessionSettings): string {
  return settings
    .map(([name, value]) => `SELECT set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`)
    .join('; ');
}

/** The schemas of the search path that can be created, as the server reads it. */
export function schemasIn(settings: SessionSettings): readonly string[] {
  const path = settings.findLast(([name]) => name === 'search_path')?.[1] ?? '';
  const names = [...sqlTokens(path)].flatMap(({ kind, text }) =>
    kind === 'word' || kind === 'name' ? [plainName(text)] : [],
  );
  return names.filter((name) => name !== '' && name !== '$user' && !/^pg_|^information_schema$/.test(name));
}
