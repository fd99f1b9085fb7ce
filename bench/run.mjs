// Measures nest-migrate against everything else. See README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBench } from './context.mjs';
import { bench as benchDir, binOf, root, work } from './paths.mjs';
import { headOf, sectionOf } from './report/report.mjs';
import { installApp, installRepository, installTools, pack } from './setup/install.mjs';
import { rows } from './rows/all.mjs';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  },
});
const names = flags.only ?? Object.keys(rows);
const unknown = names.filter((name) => !Object.hasOwn(rows, name));
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(', ')}. There are: ${Object.keys(rows).join(', ')}.`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

const started = performance.now();
const say = (text) =>
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);

say('installing');
installRepository();
installTools();
const tarball = pack();
installApp(tarball);

// Only now is there a driver to import.
const { startServer } = await import('./setup/server.mjs');
const server = await startServer();
const results = {};
try {
  const bench = openBench({ server, quick: flags.quick, once: flags.once || flags.quick, say });
  for (const name of names) {
    say(rows[name].title);
    results[name] = await rows[name].measure(bench);
  }
} finally {
  await server.stop();
}

const minutes = (performance.now() - started) / 60_000;
const report = [
  headOf({ server, minutes, quick: flags.quick, once: flags.once }),
  ...names.map((name) => sectionOf(rows[name].title, results[name])),
].join('\n\n');
mkdirSync(work, { recursive: true });
writeFileSync(join(work, 'results.json'), JSON.stringify(results, null, 2));
console.log(flags.json ? JSON.stringify(results, null, 2) : report);
// Only a whole run at full size says something about nest-migrate.
if (!flags.quick && !flags.once && !flags.only) {
  const file = join(benchDir, 'RESULTS.md');
  writeFileSync(file, `${report}\n`);
  execFileSync(process.execPath, [binOf(join(root, 'node_modules', 'prettier'), 'prettier'), '--write', file]);
}
say('done');
