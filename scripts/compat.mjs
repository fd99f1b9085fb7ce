// Tries every version that the README names, and writes the versions into it: `npm run compat`. With --write it takes them from the last result, and
// with --check it only compares them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkSection, format, writeSection } from './section.mjs';

const root = resolve(import.meta.dirname, '..');
const result = 'test/packed/compat.json';
const section = ['README.md', 'npm run compat'];
const axes = { 'Node.js': 'node', PostgreSQL: 'postgres', TypeORM: 'typeorm', Nest: 'nest', Modules: 'modules' };

function table() {
  const tried = JSON.parse(readFileSync(join(root, result), 'utf8'));
  const inOrder = (one, other) => one.localeCompare(other, 'en', { numeric: true });
  const rows = Object.entries(axes).map(([title, axis]) => {
    const versions = new Set(tried.map((combination) => combination[axis]));
    return `| ${title} | ${[...versions].toSorted(inOrder).join(', ')} |`;
  });
  return ['| | versions |', '| - | - |', ...rows].join('\n');
}

if (process.argv.includes('--check')) {
  checkSection(...section, table());
} else if (process.argv.includes('--write')) {
  writeSection(...section, table());
} else {
  const test = [join(root, 'scripts/test.mjs'), 'test/packed/compat'];
  const env = { ...process.env, ACCEPTANCE: 'full', COMPAT: join(root, result) };
  const { status } = spawnSync(process.execPath, test, { stdio: 'inherit', env });
  console.table(JSON.parse(readFileSync(join(root, result), 'utf8')));
  format(result);
  if (status === 0) writeSection(...section, table());
  process.exitCode = status ?? 1;
}
