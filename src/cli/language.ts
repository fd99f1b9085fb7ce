import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectLanguage } from '../files/language.js';

/** A remark if migrations are written in JavaScript although the project uses TypeScript. */
export function languageLines(files: readonly string[], { js }: { readonly js?: boolean }): readonly string[] {
  const isUnusual = !js && files.some((file) => file.endsWith('.js')) && projectLanguage(process.cwd()) === 'ts';
  return isUnusual ? ['Written in JavaScript, like the existing migrations.'] : [];
}

/** True if `nest build` compiles only TypeScript and leaves out other files. */
export function isLeftOutOfBuild(dir: string): boolean {
  const config = join(dir, 'nest-cli.json');
  return existsSync(config) && !/\.sql\b/.test(readFileSync(config, 'utf8'));
}

export const copySql =
  '→ `nest build` copies .sql files only if nest-cli.json says so: "compilerOptions": { "assets": ["migrations/*.sql"] }';
