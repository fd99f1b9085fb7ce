import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { moduleKindOf } from './import-file.js';
import type { ListedFile, MigrationList } from './migration.js';
import { isOutput } from './outputs.js';

/** The language of a migration. */
export type Language = 'ts' | 'js' | 'sql';

export interface InLanguage {
  readonly language: Language;
  readonly moduleKind?: 'esm' | 'cjs' | undefined;
}

interface MayLeaveOpen {
  readonly language?: Language | undefined;
  readonly moduleKind?: 'esm' | 'cjs' | undefined;
}

/** Adds the language of a new migration if the options leave it open. */
export function inLanguage<T extends MayLeaveOpen>(options: T, existing: MigrationList, cwd: string): T & InLanguage {
  const { language } = options;
  return language === undefined ? { ...options, ...languageIn(existing, cwd) } : { ...options, language };
}

/** The language of the existing migrations, or else that of the project. */
function languageIn(existing: MigrationList, cwd: string): InLanguage {
  const written = existing.files.filter(({ file }) => !file.endsWith('.sql'));
  const last = written.at(-1);
  const isJavaScript = written.every(({ file }) => file.endsWith('.js'));
  if (last === undefined || !isJavaScript || isCompiled(last)) return { language: projectLanguage(cwd) };
  return { language: 'js', moduleKind: kindIn(last) };
}

/** Whether the file was compiled from a source, even if the source cannot be found. */
function isCompiled({ file }: ListedFile): boolean {
  return isOutput(dirname(file)) || existsSync(file.replace(/\.js$/, '.ts'));
}

/** Decided by the text, as in Node when package.json does not say what a file is. */
function kindIn({ file }: ListedFile): 'esm' | 'cjs' {
  return /^\s*export\s/m.test(readFileSync(file, 'utf8')) ? 'esm' : moduleKindOf(file);
}

/** The language of the project. */
export function projectLanguage(dir: string): 'ts' | 'js' {
  const typescript = [
    'tsconfig.json',
    'tsconfig.base.json',
    'data-source.ts',
    'data-source.mts',
    'data-source.cts',
    'src/main.ts',
  ].some((file) => existsSync(join(dir, file)));
  return typescript ? 'ts' : 'js';
}
