// Measures nest-migrate against everything else. See README.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bench as benchDir, binOf, root, work } from './paths.mjs';
import { headOf, sectionOf } from './report/report.mjs';
import { installApp, installRepository, installTools, pack } from './setup/install.mjs';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  },
});
const there = readdirSync(join(benchDir, 'rows'))
  .map((file) => file.replace('.mjs', ''))
  .filter((name) => name !== 'all');
const unknown = (flags.only ?? []).filter((name) => !there.includes(name));
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(', ')}. There are: ${there.join(', ')}.`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

const started = performance.now();
const say = (text) =>
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);

say('installing');
installRepository();
installTools();
installApp(pack());

// Only now is there a driver to import.
const { startServer } = await import('./setup/server.mjs');
const { openBench } = await import('./context.mjs');
const { rows } = await import('./rows/all.mjs');
const names = flags.only ?? Object.keys(rows);
const server = await startServer();
const results = {};
try {
  const bench = openBench({ server, quick: flags.quick, once: flags.once || flags.quick, say });
  for (const name of names) {
    say(rows[name].title);
    const began = performance.now();
    const measured = await rows[name].measure(bench);
    results[name] = { ...measured, at: new Date().toISOString(), minutes: (performance.now() - began) / 60_000 };
  }
} finally {
  await server.stop();
}

mkdirSync(work, { recursive: true });
const isFull = !flags.quick && !flags.once;
// One row alone takes its place among those that were measured before: all of it takes half an hour.
const all = isFull ? { ...readIfThere(join(work, 'results.json')), ...results } : results;
if (isFull) writeFileSync(join(work, 'results.json'), JSON.stringify(all, null, 2));
const reportOf = (which, figures) =>
  [
    headOf({ server, minutes: minutesOf(figures), quick: flags.quick, once: flags.once }),
    ...which.map((name) => sectionOf(rows[name].title, figures[name])),
  ].join('\n\n');
console.log(flags.json ? JSON.stringify(results, null, 2) : reportOf(names, results));
if (isFull && Object.keys(rows).every((name) => name in all)) {
  const file = join(benchDir, 'RESULTS.md');
  writeFileSync(file, `${reportOf(Object.keys(rows), all)}\n`);
  execFileSync(process.execPath, [binOf(join(root, 'node_modules', 'prettier'), 'prettier'), '--write', file]);
}
say('done');

function readIfThere(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function minutesOf(figures) {
  return Object.values(figures).reduce((sum, { minutes = 0 }) => sum + minutes, 0);
}
