// Kills, cuts and freezes what migrates, and looks whether anything was doubled, lost or misreported: `npm run fire -- --seed 1 --minutes 10`.
// With --record, what was found goes into docs/reliability.md; with --check, that page is only compared.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkSection, format, writeSection } from './section.mjs';

const root = resolve(import.meta.dirname, '..');
const record = join(root, 'test/fire/record.json');
const section = ['docs/reliability.md', 'npm run fire'];
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    rounds: { type: 'string' },
    round: { type: 'string' },
    fault: { type: 'string', multiple: true },
    at: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    json: { type: 'string' },
    record: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});

function asked(result) {
  const number = (text) => (text === undefined ? undefined : Number(text));
  return {
    seed: Number(values.seed),
    round: number(values.round),
    rounds: number(values.rounds),
    minutes: number(values.minutes) ?? (values.rounds ? undefined : 10),
    kinds: values.fault,
    at: values.at,
    mutants: values.mutant ?? (values.mutants ? '' : undefined),
    result,
  };
}

const list = (named) => Object.entries(named).map(([name, count]) => `${name} ${count}`);

function tell({ seed, minutes, rounds, processes, faults, notRun, counts }) {
  console.log(`Seed ${seed}: ${rounds} rounds and ${processes} processes in ${minutes} min.`);
  console.log(`Faults that struck: ${list(faults).join(', ')}.`);
  for (const [kind, reason] of Object.entries(notRun)) console.log(`Not run: ${kind}: ${reason}.`);
  console.log(`Found: ${list(counts).join(', ')}.`);
}

/** All campaigns that were recorded, one line each; their faults together; and which mutants were found. */
function page() {
  const { campaigns, mutants } = JSON.parse(readFileSync(record, 'utf8'));
  const found = ({ counts }) => list(counts).join(', ');
  const lines = campaigns.map(
    (one) => `| ${one.seed} | ${one.minutes} | ${one.rounds} | ${one.processes} | ${found(one)} |`,
  );
  const kinds = [...new Set(campaigns.flatMap(({ faults }) => Object.keys(faults)))];
  const total = (kind) => campaigns.reduce((sum, { faults }) => sum + (faults[kind] ?? 0), 0);
  return [
    ['| seed | minutes | rounds | processes | found |', '| - | - | - | - | - |', ...lines].join('\n'),
    ['| fault | times it struck |', '| - | - |', ...kinds.map((kind) => `| ${kind} | ${total(kind)} |`)].join('\n'),
    [
      '| guard switched off | detected as |',
      '| - | - |',
      ...Object.entries(mutants).map(([guard, how]) => `| ${guard} | ${how} |`),
    ].join('\n'),
  ].join('\n\n');
}

/** A campaign of the same seed is replaced. */
function keep(result) {
  const { campaigns, mutants } = JSON.parse(readFileSync(record, 'utf8'));
  const { findings: _texts, ...campaign } = result;
  const kept =
    result.mutants === undefined
      ? { campaigns: [...campaigns.filter(({ seed }) => seed !== campaign.seed), campaign], mutants }
      : { campaigns, mutants: { ...mutants, ...result.mutants } };
  writeFileSync(record, JSON.stringify(kept));
  format(record);
  writeSection(...section, page());
}

function play() {
  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-fire-'));
  const file = values.json ?? join(dir, 'result.json');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/test.mjs'), 'test/fire'], {
    stdio: 'inherit',
    env: { ...process.env, FIRE: JSON.stringify(asked(file)) },
  });
  if (existsSync(file)) {
    const result = JSON.parse(readFileSync(file, 'utf8'));
    if (result.mutants === undefined) tell(result);
    if (values.record) keep(result);
  }
  rmSync(dir, { recursive: true, force: true });
  process.exitCode = status ?? 1;
}

if (values.check) checkSection(...section, page());
else if (values.write) writeSection(...section, page());
else play();
