// Kills, cuts and freezes what migrates, and looks whether anything was doubled, lost or misreported: `npm run fire -- --seed 1 --minutes 10`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    rounds: { type: 'string' },
    round: { type: 'string' },
    fault: { type: 'string', multiple: true },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    json: { type: 'string' },
  },
});
const number = (text) => (text === undefined ? undefined : Number(text));
const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-fire-'));
const result = values.json ?? join(dir, 'result.json');
const asked = {
  seed: Number(values.seed),
  round: number(values.round),
  rounds: number(values.rounds),
  minutes: number(values.minutes) ?? (values.rounds ? undefined : 10),
  kinds: values.fault,
  mutants: values.mutant ?? (values.mutants ? '' : undefined),
  result,
};
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.mjs'), 'test/fire'], {
  stdio: 'inherit',
  env: { ...process.env, FIRE: JSON.stringify(asked) },
});
if (existsSync(result) && asked.mutants === undefined) {
  const { seed, minutes, rounds, processes, faults, notRun, counts } = JSON.parse(readFileSync(result, 'utf8'));
  const list = (named) => Object.entries(named).map(([name, count]) => `${name} ${count}`);
  console.log(`Seed ${seed}: ${rounds} rounds and ${processes} processes in ${minutes} min.`);
  console.log(`Faults that struck: ${list(faults).join(', ')}.`);
  for (const [kind, reason] of Object.entries(notRun)) console.log(`Not run: ${kind}: ${reason}.`);
  console.log(`Found: ${list(counts).join(', ')}.`);
}
rmSync(dir, { recursive: true, force: true });
process.exitCode = status ?? 1;
