// Builds the package twice from the same sources: ES modules and CommonJS, both with their types.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const formats = { esm: 'module', cjs: 'commonjs' };
const stamp = 'dist/.built';

const newest = (dir) =>
  Math.max(...readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
const inputs = Math.max(newest('src'), ...['tsconfig.json', 'tsconfig.build.json', 'tsconfig.cjs.json', 'package.json'].map((file) => statSync(file).mtimeMs));
if (existsSync(stamp) && statSync(stamp).mtimeMs > inputs && !process.argv.includes('--force')) process.exit(0);

const started = new Date();
const fresh = `dist.${process.pid}`;
try {
  const builds = await Promise.allSettled(
    Object.entries(formats).map(async ([format, type]) => {
      const project = format === 'esm' ? 'tsconfig.build.json' : 'tsconfig.cjs.json';
      const compiler = 'node_modules/typescript-7/bin/tsc';
      await promisify(execFile)(process.execPath, [compiler, '-p', project, '--outDir', join(fresh, format)]);
      // What kind of modules these are is decided by the nearest package.json.
      writeFileSync(join(fresh, format, 'package.json'), `{ "type": "${type}" }\n`);
    }),
  );
  const broken = builds.find((build) => build.status === 'rejected');
  if (broken) throw broken.reason;
  const bin = join(fresh, 'esm/cli/main.js');
  if (existsSync(bin)) chmodSync(bin, 0o755);
  writeFileSync(join(fresh, '.built'), started.toISOString());
  mkdirSync('dist', { recursive: true });
  renameSync('dist', `${fresh}.old`);
  renameSync(fresh, 'dist');
} catch (error) {
  console.error(error.stdout || error.stack);
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
  rmSync(`${fresh}.old`, { recursive: true, force: true });
}
