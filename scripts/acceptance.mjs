// All tests at full length: every case instead of a sample, replicas and kills, changes of large tables in use, and the packed package in
// new apps installed from the registry. Takes hours; `npm run acceptance -- test/generate` runs a part.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.mjs'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ACCEPTANCE: 'full' },
});
process.exitCode = status ?? 1;
