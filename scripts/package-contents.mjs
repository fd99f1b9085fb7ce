// Packs one of the two packages, and looks at what a user would install. Leaves the tarball at the path given, for other tools.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const packages = {
  'nest-migrate': {
    folder: root,
    // Both module systems, and the docs. What an installation grows by is four times as much, and has its own test (test/packed): for that,
    // the CommonJS modules have no white space, although the tarball is smaller if both kinds look alike.
    limit: 1_100_000,
    expected:
      /^(dist\/(esm|cjs)\/(package\.json|.+\.(js|d\.ts))|README\.md|LICENSE|\.env\.example|docs\/(README|(rules\/)?[a-z-]+)\.md|docs\/llms\.txt|package\.json)$/,
    // `nest-migrate help` prints the pages of the docs.
    needed: [
      ...['README.md', 'LICENSE', '.env.example', 'package.json'],
      ...readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name))),
    ],
  },
  'nest-migrate-dev': {
    folder: join(root, 'packages/dev'),
    // Nearly all of it is the initialised database.
    limit: 1_700_000,
    expected: /^([a-z-]+\.(js|d\.ts)|README\.md|LICENSE|package\.json|postgres\.br)$/,
    needed: ['README.md', 'LICENSE', 'package.json', 'postgres.br'],
  },
};

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const targetsOf = (value) => (typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(targetsOf));

/** Every problem of the packed package, as a sentence. */
function problemsOf({ folder, limit, expected, needed }, tarball, dir) {
  const { files, size } = pack(folder, tarball, dir);
  const packed = join(dir, 'package');
  const manifest = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'));
  const { main, types, bin, exports, typesVersions } = manifest;
  const targets = [main, types, bin, exports, typesVersions]
    .flatMap(targetsOf)
    .map((path) => path.replace(/^\.\//, ''));
  const paths = new Set(files.map(({ path }) => path));
  return [
    ...files.filter(({ path }) => !expected.test(path)).map(({ path }) => `${path} does not belong in the package`),
    ...[...new Set([...needed, ...targets])].filter((path) => !paths.has(path)).map((path) => `${path} is missing`),
    ...files.flatMap(({ path }) => tracesIn(path, readFileSync(join(packed, path), 'utf8'))),
    ...targetsOf(bin).flatMap((path) => binProblems(path, packed, files)),
    ...(size > limit ? [`the tarball has ${size} bytes, more than ${limit}`] : []),
    ...exportProblems(packed, manifest),
  ];
}

function pack(folder, tarball, dir) {
  // The build is fresh, and so is the database; prepack would only make them again.
  const [result] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], folder));
  renameSync(join(dir, result.filename), tarball);
  run('tar', ['-xzf', tarball, '-C', dir]);
  return result;
}

/** Paths of the machine that built it, and maps to sources that are not shipped. */
function tracesIn(path, text) {
  const traces = [root, `${homedir()}/`].filter((trace) => text.includes(trace));
  if (/^\/\/# sourceMappingURL=/m.test(text)) traces.push('a source map');
  return traces.map((trace) => `${path} contains ${trace}`);
}

function binProblems(path, packed, files) {
  const file = files.find((candidate) => candidate.path === path);
  if (!file) return [];
  const problems = [];
  if ((file.mode & 0o111) === 0) problems.push(`${path} is not executable`);
  if (!readFileSync(join(packed, path), 'utf8').startsWith('#!/usr/bin/env node\n'))
    problems.push(`${path} does not begin with its interpreter`);
  return problems;
}

/** Both builds load in plain Node, from the tarball, and export the same names. */
function exportProblems(packed, { name, exports }) {
  symlinkSync(join(root, 'node_modules'), join(packed, 'node_modules'));
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json'));
  return entries.flatMap((entry) => {
    const specifier = JSON.stringify(entry.replace('.', name));
    const names = (load) => run(process.execPath, ['--input-type=module', '--eval', load], packed).trim();
    const print = (loaded) =>
      `console.log(Object.keys(${loaded}).filter((key) => key !== 'default' && key !== 'module.exports').sort().join())`;
    const imported = names(print(`await import(${specifier})`));
    const required = names(
      `import { createRequire } from 'node:module'; ${print(`createRequire(process.cwd() + '/x.js')(${specifier})`)}`,
    );
    return imported === required && imported !== ''
      ? []
      : [`${entry} exports ${imported || 'nothing'} when imported, ${required || 'nothing'} when required`];
  });
}

const [name, tarball] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-pack-'));
try {
  const problems = problemsOf(packages[name], resolve(tarball ?? join(dir, 'package.tgz')), dir);
  for (const problem of problems) console.error(`✖ ${name}: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
