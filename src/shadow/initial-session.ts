import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { schemasIn, sessionSettingsOf } from './session-settings.js';
import type { SessionSettings } from './session-settings.js';
import { classify, splitSql } from '../sql/index.js';

/** The data source of the initial state. */
export interface Configured {
  readonly dataSource: DataSource;
  readonly settings: { readonly initialState: string | undefined };
  /** Settings of the role, read from the server; those of the data source come later. */
  readonly searchPath?: string;
}

/** The part of the initial state that is known without loading any entity. */
export interface InitialSession {
  /** The statements of the setting `initialState`. */
  readonly statements: readonly string[];
  readonly settings: SessionSettings;
  /** The schema for tables with an unqualified name. */
  readonly schema: string;
  /** The schemas of the search path. */
  readonly searched: readonly string[];
}

const known = new WeakMap<Configured, InitialSession>();

export function initialSessionOf(configured: Configured): InitialSession {
  const made = known.get(configured) ?? read(configured);
  known.set(configured, made);
  return made;
}

function read({ dataSource, settings: { initialState }, searchPath }: Configured): InitialSession {
  const statements = initialState === undefined ? [] : statementsIn(textOf(initialState));
  const ofRole: SessionSettings = searchPath === undefined ? [] : [['search_path', searchPath]];
  const settings = [...ofRole, ...sessionSettingsOf(dataSource), ...statements.flatMap(searchPathIn)];
  const searched = schemasIn(settings);
  return { statements, settings, schema: searched[0] ?? 'public', searched };
}

/** A single line that ends in `.sql` is a file name. */
function textOf(initialState: string): string {
  if (!/^.+\.sql$/i.test(initialState.trim())) return initialState;
  const file = resolve(initialState.trim());
  if (existsSync(file)) return readFileSync(file, 'utf8');
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The setting initialState names the file ${file}, which does not exist. Nothing was written.`,
    next: 'Correct the path: it is relative to the folder where the command is run. Or write the SQL itself.',
    exitCode: ExitCode.usage,
  });
}

/** Since 2025, every dump starts and ends with a line that only psql understands. */
function statementsIn(text: string): readonly string[] {
  return splitSql(text.replace(/^\\(?:un)?restrict\b.*$/gm, '')).map(({ sql }) => sql.trim());
}

/** A dump clears the search path with a function call, which must not affect later statements. */
function searchPathIn(sql: string): SessionSettings {
  const { setting } = classify(sql)[0] ?? {};
  if (setting?.name !== 'search_path' || setting.until !== 'session') return [];
  const [, value = 'DEFAULT'] = /^\w+\s*(?:=|to\b)\s*(.+)$/is.exec(setting.text) ?? [];
  return value.toUpperCase() === 'DEFAULT' ? [] : [['search_path', value.replace(/'([^']*)'/g, '"$1"')]];
}
