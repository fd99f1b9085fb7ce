// Runs jest on native ES modules, and ends with one line that says how it went.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '..'));
const args = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-test-'));
const outputFile = join(dir, 'result.json');
// PostgreSQL in the process is WebAssembly: the command line too does without having it compiled well, which takes longer than it saves.
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--liftoff-only'];
// A fifth of the time, a test waits for a server or a clock: one worker more than processors fills that.
const workers = Math.min(availableParallelism() + 1, 8);
const jest = ['node_modules/jest/bin/jest.js', `--maxWorkers=${workers}`, '--json', `--outputFile=${outputFile}`];
const run = spawnSync(process.execPath, [...flags, ...jest, ...args], {
  stdio: ['ignore', 'ignore', 'inherit'],
  // A cache of its own: what another state of the sources has read must not be found.
  env: { ...process.env, TEST_RUNNER_PID: String(process.pid), NEST_MIGRATE_CACHE: join(dir, 'schemas') },
});

const problems = [];
let passed = 0;
let failed = 0;
if (existsSync(outputFile)) {
  const result = JSON.parse(readFileSync(outputFile, 'utf8'));
  passed = result.numPassedTests;
  // A file that could not even be loaded is a failure too, though no test of it has failed.
  failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (result.numTotalTests === 0) problems.push('no test was run');
  const skipped = result.numPendingTests + result.numTodoTests;
  const chosen = args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
  if (skipped > 0 && !chosen)
    problems.push(`${skipped} tests were skipped: a test that needs something that is missing must fail and say so`);
} else {
  problems.push('jest wrote no result');
  failed = 1;
}
if (run.signal) problems.push(`jest was ended by ${run.signal}`);
else if (run.status !== 0 && failed === 0) problems.push(`jest ended with code ${run.status}, though no test failed`);
rmSync(dir, { recursive: true, force: true });
for (const problem of problems) console.error(`✖ ${problem}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || problems.length > 0 ? 1 : 0;
