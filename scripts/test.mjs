// Runs jest on native ES modules, and ends with one line that says how it went.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-test-'));
const outputFile = join(dir, 'result.json');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const jest = ['node_modules/jest/bin/jest.js', '--maxWorkers=2', '--json', `--outputFile=${outputFile}`];
const run = spawnSync(process.execPath, [...flags, ...jest, ...process.argv.slice(2)], { stdio: ['ignore', 'ignore', 'inherit'] });

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
  if (skipped > 0) problems.push(`${skipped} tests were skipped: a test that needs something that is missing must fail and say so`);
} else {
  problems.push('jest wrote no result');
  failed = 1;
}
rmSync(dir, { recursive: true, force: true });
for (const problem of problems) console.error(`✖ ${problem}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = run.status !== 0 || failed > 0 || problems.length > 0 ? 1 : 0;
