import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** What to add to nest-cli.json so that `nest build` copies this .sql file to the output; undefined if it does, or need not. */
export function missingAsset(file: string, cwd: string = process.cwd()): string | undefined {
  const config = join(cwd, 'nest-cli.json');
  if (extname(file) !== '.sql' || !existsSync(config)) return undefined;
  const text = readFileSync(config, 'utf8');
  if (/\.sql\b|\*\*\/\*"/.test(text)) return undefined;
  const root = /"sourceRoot"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? 'src';
  const folder = relative(resolve(cwd, root), dirname(resolve(cwd, file)));
  // What is not in the folder that is compiled is read where it is.
  if (folder.startsWith('..') || isAbsolute(folder)) return undefined;
  return `"compilerOptions": { "assets": ["${[...folder.split(sep).filter(Boolean), '*.sql'].join('/')}"] }`;
}
