// The long tests: replicas and kills at full length, generated migrations on large tables in use, and the packed package in new apps installed from the registry.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const args = process.argv.length > 2 ? process.argv.slice(2) : ['test/acceptance', 'test/generate', 'test/packed'];
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.mjs'), ...args], {
  stdio: 'inherit',
  env: { ...process.env, ACCEPTANCE: 'full' },
});
process.exitCode = status ?? 1;
