import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';
import { moduleKindOf } from './import-file.js';
import type { ListedFile, MigrationList } from './migration.js';
import { isOutput } from './outputs.js';

const languages = ['ts', 'js', 'sql'] as const;

/** The language of a migration. */
export type Language = (typeof languages)[number];

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
  if (language === undefined) return { ...options, ...languageIn(existing, cwd) };
  if (!languages.includes(language)) throw unknownLanguage(language);
  return { ...options, language };
}

/** It would become the ending of a file that nothing finds. */
function unknownLanguage(language: unknown): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `\`language\` must be one of ${languages.join(', ')}, but is ${JSON.stringify(language)}. Nothing was written.`,
    next: 'Correct it, or leave it out: then new migrations are written like the existing ones.',
    exitCode: ExitCode.usage,
  });
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
