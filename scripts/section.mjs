// A part of a page that a script writes from results, between `<!-- <name> -->` and `<!-- end of <name> -->`.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

function partsOf(page, name) {
  const text = readFileSync(join(root, page), 'utf8');
  const [first, last] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [start, end] = [text.indexOf(first) + first.length, text.indexOf(last)];
  if (end < start) throw new Error(`${page} has no section for ${name}.`);
  return { before: text.slice(0, start), section: text.slice(start, end).trim(), after: text.slice(end) };
}

export function writeSection(page, name, section) {
  const { before, after } = partsOf(page, name);
  writeFileSync(join(root, page), `${before}\n\n${section}\n\n${after}`);
  format(page);
}

/** Pads tables, and whatever else the format check wants. */
export function format(...files) {
  spawnSync(process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--write', ...files], { cwd: root });
}

/** Whether the page says the same; how tables are padded is no difference, nor is what `alike` makes the same of. */
export function checkSection(page, name, section, alike = (text) => text) {
  const plain = (text) => alike(text).replace(/-+/g, '-').replace(/ +/g, ' ').trim();
  if (plain(partsOf(page, name).section) === plain(section)) return;
  console.error(`${page} does not say what ${name} has found: run it again.`);
  process.exitCode = 1;
}
