// Counts words that a native reader would not use (see CONTRIBUTING.md) in what users and developers read. The number may only fall.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
/** Lower it with every text that is edited. */
const limit = 13;
const suspicious =
  /\b(?:nobody|somebody|everybody|whoever|anew|for ever|those that)\b|\bbehind (?:it|them|that|those|each|the one)\b/gi;

const files = ['src', 'docs', 'test', 'examples']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, String(name))),
  )
  .filter((path) => /\.(?:ts|mjs|md)$/.test(path))
  .concat(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'].map((name) => join(root, name)));
const found = files
  .map((path) => ({ path: relative(root, path), words: readFileSync(path, 'utf8').match(suspicious) ?? [] }))
  .filter(({ words }) => words.length > 0)
  .toSorted((one, other) => other.words.length - one.words.length);
const count = found.reduce((sum, { words }) => sum + words.length, 0);
if (process.argv.includes('--list')) for (const { path, words } of found) console.log(`${path}: ${words.join(', ')}`);
console.log(`${count} suspicious words in ${found.length} files.`);
if (count > limit)
  console.log(`There were ${limit}: use the words of CONTRIBUTING.md instead (node scripts/words.mjs --list).`);
if (count < limit)
  console.log(`There were ${limit}: write ${count} into scripts/words.mjs, so that it cannot grow again.`);
process.exitCode = count === limit ? 0 : 1;
