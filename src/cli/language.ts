import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What a new migration is written in: what the project is written in. */
export function projectLanguage(dir: string): 'ts' | 'js' {
  const typescript = ['tsconfig.json', 'data-source.ts', 'data-source.mts', 'data-source.cts', 'src/main.ts'].some(
    (file) => existsSync(join(dir, file)),
  );
  return typescript ? 'ts' : 'js';
}
