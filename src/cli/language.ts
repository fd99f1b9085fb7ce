import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a new migration is written in: what the project is written in. */
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

/** True where `nest build` compiles what is in TypeScript and leaves other files behind. */
export function isLeftOutOfBuild(dir: string): boolean {
  const config = join(dir, 'nest-cli.json');
  return existsSync(config) && !/\.sql\b/.test(readFileSync(config, 'utf8'));
}

export const copySql =
  '→ `nest build` copies .sql files only if nest-cli.json says so: "compilerOptions": { "assets": ["migrations/*.sql"] }';
