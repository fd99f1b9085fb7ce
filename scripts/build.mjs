// Builds the package twice from the same sources: ES modules and CommonJS, both with their types.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

process.chdir(resolve(import.meta.dirname, '..'));
const formats = [
  { name: 'esm', type: 'module', project: 'tsconfig.build.json' },
  { name: 'cjs', type: 'commonjs', project: 'tsconfig.cjs.json' },
];
const stamp = 'dist/.built';
const configs = ['tsconfig.json', 'tsconfig.build.json', 'tsconfig.cjs.json', 'package.json', 'scripts/build.mjs'];

const listed = (dir) => readdirSync(dir, { recursive: true }).map((name) => join(dir, name));
const newest = (files) => Math.max(...files.map((file) => statSync(file).mtimeMs));

// Folders are listed too: their time changes when a source is removed.
const isFresh = () => existsSync(stamp) && statSync(stamp).mtimeMs > newest(['src', ...listed('src'), ...configs]);

async function compile({ name, type, project }, out) {
  const dir = join(out, name);
  await promisify(execFile)(process.execPath, ['node_modules/typescript-7/bin/tsc', '-p', project, '--outDir', dir]);
  // What kind of modules these are is decided by the nearest package.json.
  writeFileSync(join(dir, 'package.json'), `{ "type": "${type}" }\n`);
  if (type === 'commonjs')
    for (const file of listed(dir).filter((file) => file.endsWith('.js'))) keepDynamicImports(file);
}

// tsc turns each import() into require(). That is right for names of packages, and the only form that works inside a user's Jest.
// A user's file, whose name is computed, may be an ES module: only import() takes its URL, and awaits its top level.
function keepDynamicImports(file) {
  const text = readFileSync(file, 'utf8');
  const kept = text.replace(
    /Promise\.resolve\(`\$\{(.+)\}`\)\.then\(s => (?:__importStar\()?require\(s\)\)?\)/g,
    'import($1)',
  );
  if (kept.includes('require(s)'))
    throw new Error(`${file}: an import() was turned into a require(), in a form that is not known here.`);
  if (kept !== text) writeFileSync(file, kept);
}

// Two test runs may build at the same moment: whoever comes second replaces the folder of the first.
function putInPlace(out) {
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync('dist')) renameSync('dist', `${out}.old`);
      return renameSync(out, 'dist');
    } catch (error) {
      if (attempt === 20) throw error;
    } finally {
      rmSync(`${out}.old`, { recursive: true, force: true });
    }
  }
}

async function build() {
  const started = new Date();
  const out = `dist.${process.pid}`;
  try {
    const builds = await Promise.allSettled(formats.map((format) => compile(format, out)));
    const broken = builds.find((result) => result.status === 'rejected');
    if (broken) throw broken.reason;
    const bin = join(out, 'esm/cli/main.js');
    if (existsSync(bin)) chmodSync(bin, 0o755);
    writeFileSync(join(out, '.built'), '');
    // A source that was saved while the compiler ran is newer than this build.
    utimesSync(join(out, '.built'), started, started);
    putInPlace(out);
  } catch (error) {
    console.error(error.stdout || error.stack);
    process.exitCode = 1;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

if (process.argv.includes('--force') || !isFresh()) await build();
