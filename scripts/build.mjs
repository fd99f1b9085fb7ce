// Builds the package: TypeScript writes a module for each source (`build/`), and these are bundled into few files, once as ES modules and once
// as CommonJS (`dist/`). Loading a hundred small files would take as long as all else that a command does that finds nothing to do.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';

process.chdir(resolve(import.meta.dirname, '..'));
/** What users import. */
const entries = ['index', 'data-source/index', 'nest-commands/index', 'testing/index'];
/** What the command takes instead of `data-source/index`. */
const late = 'data-source/late';
const formats = [
  {
    name: 'esm',
    type: 'module',
    // And what is started or found by its place.
    files: [...entries, late, 'cli/main', 'cli/program', 'typescript/esm-hooks', 'shadow/thread'],
  },
  { name: 'cjs', type: 'commonjs', files: [...entries, late] },
];
/** Small enough to be taken along, and no package more in the users' installations. */
const bundledPackages = ['commander', 'yocto-spinner', 'yoctocolors'];
const stamp = 'dist/.built';
const configs = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'scripts/build.mjs'];

const listed = (dir) => readdirSync(dir, { recursive: true }).map((name) => join(dir, name));
const newest = (files) => Math.max(...files.map((file) => statSync(file).mtimeMs));

// Folders are listed too: their time changes when a source is removed.
const isFresh = () =>
  existsSync(stamp) && existsSync('build') && statSync(stamp).mtimeMs > newest(['src', ...listed('src'), ...configs]);

async function compile(out) {
  const tsc = ['node_modules/typescript-7/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(out, 'esm')];
  await promisify(execFile)(process.execPath, tsc);
}

/** What a rule says of itself is in the docs that the package has, and its examples are for the tests. */
const onlyDocumented = ['title', 'why', 'bad', 'good'];
const withoutDocumentation = {
  name: 'without-documentation',
  transform: {
    filter: { id: /[\\/]rules[\\/]\w+[\\/][\w-]+\.js$/ },
    handler(code) {
      const rules = this.parse(code)
        .body.filter(({ type }) => type === 'ExportNamedDeclaration')
        .flatMap(({ declaration }) => declaration?.declarations ?? [])
        .map(({ init }) => (init?.type === 'ObjectExpression' ? init.properties : []))
        .filter((properties) => properties.some(({ key }) => key?.name === 'check'));
      const left = rules.flatMap((properties) => properties.filter(({ key }) => onlyDocumented.includes(key?.name)));
      const short = left.toReversed().reduce((text, { start, end }) => {
        return text.slice(0, start) + text.slice(end).replace(/^,/, '');
      }, code);
      return { code: short };
    },
  },
};

/** Where every command and app begins. What these import only later is not in the chunks below. */
const begins = [
  ...['index', 'migrator', 'data-source/index', late],
  ...['main', 'program', 'perform', 'handlers', 'connect', 'source'].map((name) => `cli/${name}`),
];
/** What almost every command and app loads, whatever else it does; and what every command loads, but no app. */
const basic = /^(?:[\w-]+\.js$|(?:sql|files|typeorm|database|data-source)\/)/;
const command =
  /^(?:typescript\/|cli\/(?:io|perform|connect|project|source|flags|progress|same-source|handlers|package-file)\.js$)/;

/** What a module imports when it is loaded. */
function importsOf(file) {
  const found = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\b[^;]*?from ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm,
  );
  return [...found].map(([, named, bare]) => named ?? bare).filter((name) => !name.startsWith('node:'));
}

/**
 * The modules that go into one chunk of ES modules, because loading a file takes time: `start` for what the command needs to print its help,
 * the two above, and what is needed as soon as something is pending. A module that leads to a package has a chunk of its own, because the
 * package would be loaded with it.
 */
function chunksOf(from) {
  const known = new Map();
  const leadsToPackage = (file) => {
    if (!known.has(file)) {
      // In a circle of imports, the others decide.
      known.set(file, false);
      const imported = importsOf(file);
      known.set(
        file,
        imported.some((name) => !name.startsWith('.') || leadsToPackage(resolve(dirname(file), name))),
      );
    }
    return known.get(file);
  };
  const reached = (...names) => {
    const found = new Set();
    const follow = (file) => {
      if (found.has(file)) return;
      found.add(file);
      for (const name of importsOf(file)) if (name.startsWith('.')) follow(resolve(dirname(file), name));
    };
    for (const name of names) follow(resolve(from, `${name}.js`));
    return found;
  };
  const start = reached('cli/main', 'cli/program');
  const soon = reached(...begins);
  const pending = reached('commands/run-locked');
  const chunk = (name, isIn) => ({ name, test: (id) => isIn(id) && !leadsToPackage(id) });
  return [
    chunk('start', (id) => start.has(id)),
    chunk('basic', (id) => soon.has(id) && basic.test(relative(from, id))),
    chunk('command', (id) => soon.has(id) && command.test(relative(from, id))),
    chunk('pending', (id) => pending.has(id) && !soon.has(id)),
  ];
}

async function bundle({ name, type, files }, from, out) {
  const dir = join(out, name);
  const bundled = await rolldown({
    input: Object.fromEntries(files.map((file) => [file, join(from, `${file}.js`)])),
    platform: 'node',
    // The places where the sources lay, which are other ones in each build.
    experimental: { attachDebugInfo: 'none' },
    // What one place loads late, another may need at once.
    checks: { ineffectiveDynamicImport: false },
    external: (id) => !/^[./]|^[A-Z]:/.test(id) && !bundledPackages.includes(id),
    plugins: [withoutDocumentation],
  });
  // Chunks lie as deep as the entries, so that a path that begins where the code lies is right in both.
  const names = {
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    comments: { legal: false, jsdoc: false, annotation: true },
    banner: licencesIn,
    codeSplitting: { groups: type === 'module' ? chunksOf(from) : [] },
    // An installation has both kinds of modules, and should not grow by more than 4 MB. Names stay, for stack traces.
    ...(type === 'commonjs' && { minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } } }),
  };
  const { output } = await bundled.write({ dir, format: name, ...names });
  // What kind of modules these are is decided by the nearest package.json.
  writeFileSync(join(dir, 'package.json'), `{ "type": "${type}" }\n`);
  if (type === 'commonjs') for (const { fileName } of output) requirePackages(join(dir, fileName));
  for (const file of typesFrom(entries, from)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    cpSync(join(from, file), join(dir, file));
  }
}

function licenceOf(name) {
  const dir = join('node_modules', name);
  return join(
    dir,
    readdirSync(dir).find((file) => /^licen[cs]e/i.test(file)),
  );
}

/** What their licences ask of a copy. */
function licencesIn({ moduleIds }) {
  const taken = bundledPackages.filter((name) => moduleIds.some((id) => id.includes(`/node_modules/${name}/`)));
  return taken.map((name) => `/*! ${name}\n\n${readFileSync(licenceOf(name), 'utf8').trim()}\n*/`).join('\n');
}

// Inside a user's Jest, import() of a package does not work. A user's file, whose name is computed, may be an ES module: only import()
// takes its URL, and awaits its top level.
function requirePackages(file) {
  const text = readFileSync(file, 'utf8');
  const required = text.replace(/\bimport\((["`][^"`]+["`])\)/g, 'Promise.resolve().then(()=>require($1))');
  if (required !== text) writeFileSync(file, required);
}

/** The declarations that users can reach, and no others. */
function typesFrom(names, from) {
  const found = new Set();
  const add = (file) => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(join(from, file), 'utf8');
    for (const [, path] of text.matchAll(/\b(?:from |import\(|import )['"](\.[^'"]+)\.js['"]/g))
      add(join(dirname(file), `${path}.d.ts`));
  };
  for (const name of names) add(`${name}.d.ts`);
  return found;
}

const placeholder = 'BUILD_ID_OF_NEST_MIGRATE';

/** What one build has kept in the cache, another one must not take for its own: the same content has the same id, and no other has it. */
function putId(dir) {
  const hash = createHash('sha256');
  const files = listed(dir)
    .filter((file) => statSync(file).isFile())
    .toSorted();
  for (const file of files)
    hash
      .update(`${relative(dir, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  const id = hash.digest('hex').slice(0, 16);
  for (const file of files.filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(file, 'utf8');
    if (text.includes(placeholder)) writeFileSync(file, text.replaceAll(placeholder, id));
  }
}

// Two test runs may build at the same moment: whoever comes second replaces the folder of the first.
function putInPlace(made, place) {
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(place)) renameSync(place, `${made}.old`);
      return renameSync(made, place);
    } catch (error) {
      if (attempt === 20) throw error;
    } finally {
      rmSync(`${made}.old`, { recursive: true, force: true });
    }
  }
}

async function build() {
  const started = new Date();
  const [modules, out] = [`build.${process.pid}`, `dist.${process.pid}`];
  try {
    await compile(modules);
    await Promise.all(formats.map((format) => bundle(format, resolve(modules, 'esm'), out)));
    putId(out);
    chmodSync(join(out, 'esm/cli/main.js'), 0o755);
    writeFileSync(join(out, '.built'), '');
    // A source that was saved while the compiler ran is newer than this build.
    utimesSync(join(out, '.built'), started, started);
    putInPlace(modules, 'build');
    putInPlace(out, 'dist');
  } catch (error) {
    console.error(error.stdout || error.stack);
    process.exitCode = 1;
  } finally {
    for (const dir of [modules, out]) rmSync(dir, { recursive: true, force: true });
  }
}

/** The database that comes with nest-migrate-dev. */
const image = 'packages/dev/postgres.br';
const imageSources = [
  'packages/dev/package.json',
  'scripts/dev-image.mjs',
  ...['database-image', 'packed-image'].map((name) => `src/data-source/${name}.ts`),
];

async function buildImage() {
  try {
    await promisify(execFile)(process.execPath, ['scripts/dev-image.mjs']);
  } catch (error) {
    console.error(error.stderr || error.message);
    process.exitCode = 1;
  }
}

if (process.argv.includes('--force') || !isFresh()) await build();
if (!process.exitCode && !(existsSync(image) && statSync(image).mtimeMs > newest(imageSources))) await buildImage();
