import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ExitCode, messageOf, MigrateError } from '../../errors.js';
import { devPackage, isDevelopmentInstalled } from '../../development.js';
import { installLine } from '../../package-manager.js';
import { isOfOtherApp, workspaceAbove } from './apps.js';
import { connectionOfApp, inCharge } from './in-charge.js';
import type { InCharge, Named } from './in-charge.js';
import { migrationsFolder, sourceFiles } from '../../data-source/project-files.js';
import { refuseOldTypeorm } from '../../data-source/old-typeorm.js';
import { moduleStep } from './module-step.js';
import { isNest, listed, missingPackages } from './packages.js';
import { onlySources } from './only-sources.js';
import { findSynchronize } from './synchronize.js';
import type { Found } from './synchronize.js';
import { targetIn } from './target.js';
import type { Target } from './target.js';
import { dataSourceText, envExample, gitignoreLines } from './templates.js';

export interface InitResult {
  readonly written: readonly string[];
  /** Existing files that were not changed, and the lines that they lack. */
  readonly differing: readonly { readonly file: string; readonly diff: string }[];
  readonly unchanged: readonly string[];
  /** The data source file, or the module of the app, that every command reads. */
  readonly reads: string;
  readonly warnings: readonly string[];
  readonly next: readonly string[];
}

interface Change {
  readonly file: string;
  /** The text of the file; undefined if it is already right. */
  readonly text: string | undefined;
  /** The lines that an existing file lacks. It is not changed. */
  readonly diff?: string;
}

const scripts = {
  'migration:generate': 'nest-migrate generate',
  'migration:create': 'nest-migrate create',
  'migration:run': 'nest-migrate run',
  'migration:revert': 'nest-migrate revert',
  'migration:status': 'nest-migrate status',
} as const;

/** Sets up a project: writes missing files, and never overwrites existing ones. */
export function initProject(from: string, mode: 'real' | 'dry', named: Named = {}): InitResult {
  const dir = existsSync(join(from, 'package.json')) ? from : (workspaceAbove(from) ?? from);
  const manifest = readManifest(dir);
  refuseOldTypeorm(join(dir, 'package.json'));
  const files = sourceFiles(dir);
  // The existing connection of the project stays the only one, because a second data source may lead to another database.
  const within = relative(dir, from).split(sep).join('/');
  const found = inCharge(dir, manifest.json, files, { ...named, within });
  const other = found !== undefined && isOfOtherApp(found.file, within, dir, files) ? found : undefined;
  const own = other === undefined ? found : connectionOfApp(dir, within, files);
  const target = own === undefined ? targetIn(dir, from, manifest.json, files) : undefined;
  const folder = target?.folder ?? (existsSync(join(dir, 'src')) ? 'src' : '.');
  const reads = own?.file ?? join(folder, 'data-source.ts');
  // An existing data source has its own environment and its own folder of migrations.
  const isOurs = own === undefined || own.by === 'its name';
  const isEmpty = (target === undefined ? migrationsFolder(files) : target.migrations) === undefined;
  const changes = [
    ...(target === undefined ? [] : [dataSource(dir, manifest, target)]),
    ...(isOurs ? [newFile(dir, '.env.example', envExample())] : []),
    gitignore(dir),
    packageJson(
      manifest,
      other ? bothOf(other, own?.kind === 'app' ? undefined : reads, manifest) : settingFor(own, target),
    ),
    ...(isOurs && isEmpty ? [newFile(dir, join(folder, 'migrations/.gitkeep'), '')] : []),
  ];
  const writes = changes.filter((change) => change.text !== undefined);
  if (mode === 'real') for (const { file, text } of writes) write(join(dir, file), text ?? '');
  return {
    written: writes.map(({ file }) => file),
    differing: changes.flatMap(({ file, diff }) => (diff === undefined ? [] : [{ file, diff }])),
    unchanged: [
      ...(own === undefined ? [] : [own.file]),
      ...changes.filter(({ text, diff }) => text === undefined && diff === undefined).map(({ file }) => file),
    ],
    reads,
    warnings: [
      ...(target?.ledger === undefined ? [] : [ownLedger(reads, target.ledger, target.others)]),
      ...(own === undefined || other === undefined ? [] : [readByFlag(dir, own, other)]),
      ...findSynchronize(files).map(warnOf),
      ...(own?.kind === 'data source' ? onlySources(own.file, files) : []),
    ],
    next: [
      ...missingPackages(dir, manifest.json),
      ...nextSteps(
        dir,
        { reads, other: other?.file, module: isNest(dir, manifest.json) && moduleStep(own, files) },
        own,
        target,
      ),
    ],
  };
}

interface Manifest {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

function readManifest(dir: string): Manifest {
  const file = join(dir, 'package.json');
  if (!existsSync(file))
    throw notAProject(
      `There is no package.json in ${dir}.`,
      'Go to the folder of your Nest project, or create one: npx @nestjs/cli new my-app',
    );
  const text = readFileSync(file, 'utf8');
  let json: Readonly<Record<string, unknown>>;
  try {
    json = JSON.parse(text) as typeof json;
  } catch (error) {
    throw notAProject(`${file} cannot be read as JSON: ${messageOf(error)}.`, 'Correct it first.');
  }
  if (isNest(dir, json) || 'typeorm' in listed(dir, json, ['dependencies', 'devDependencies'])) return { text, json };
  throw notAProject(
    `${file} depends neither on @nestjs/core nor on typeorm, so this is not a Nest project.`,
    'Go to the folder of the Nest app (in a monorepo: apps/<name>).',
  );
}

function dataSource(dir: string, { json }: Manifest, { folder, entities, migrations, ledger }: Target): Change {
  const kind = json['type'] === 'module' ? 'esm' : 'cjs';
  const within = migrations === undefined ? 'migrations' : relative(folder, migrations).split(sep).join('/');
  return newFile(dir, join(folder, 'data-source.ts'), dataSourceText({ kind, entities, migrations: within, ledger }));
}

/** The setting for a file that the commands would not find by themselves. */
function settingFor(own: InCharge | undefined, target: Target | undefined): object | undefined {
  if (own?.by === 'search') return { [own.kind === 'app' ? 'app' : 'dataSource']: own.file };
  return target?.app && { dataSource: `${target.folder}/data-source.ts` };
}

/** The commands continue to read the same data source as before; `check --all-data-sources` reads both. */
function bothOf({ file, kind }: InCharge, reads: string | undefined, { json }: Manifest): object | undefined {
  const { dataSource, dataSources = {} } = (json['nest-migrate'] ?? {}) as Readonly<Record<string, object | string>>;
  const listed = dataSources as Readonly<Record<string, object>>;
  if (kind === 'app' || reads === undefined || listed[reads] !== undefined) return undefined;
  return { dataSource: dataSource ?? file, dataSources: { [file]: {}, ...listed, [reads]: {} } };
}

function newFile(dir: string, file: string, text: string): Change {
  const path = join(dir, file);
  if (file.endsWith('.gitkeep')) return { file, text: existsSync(dirname(path)) ? undefined : text };
  if (!existsSync(path)) return { file, text };
  const present = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((line) => line.replace(/^#\s*/, ''));
  const missing = text
    .split('\n')
    .filter(
      (line) =>
        /^#? ?[A-Z_]+=/.test(line) &&
        !present.some((other) => other.startsWith(line.replace(/^# ?/, '').split('=')[0] ?? '')),
    );
  return missing.length === 0
    ? { file, text: undefined }
    : { file, text: undefined, diff: missing.map((line) => `+ ${line}`).join('\n') };
}

/** The only existing file that lines are added to: a secret that has been committed cannot be taken back. */
function gitignore(dir: string): Change {
  const path = join(dir, '.gitignore');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const missing = gitignoreLines.filter((line) => !isIgnored(line.replace(/\/$/, ''), before));
  if (missing.length === 0) return { file: '.gitignore', text: undefined };
  const end = lineEndOf(before);
  const gap = before === '' || before.endsWith('\n') ? '' : end;
  return { file: '.gitignore', text: `${before}${gap}${missing.join(end)}${end}` };
}

/** As in git, the last line that matches decides: `.env*`, then `!.env`. */
function isIgnored(name: string, lines: string): boolean {
  const matching = lines.split(/\r?\n/).filter((line) => {
    const pattern = line.trim().replace(/^!?(?:\/|\*\*\/)?|\/$/g, '');
    const regex = pattern.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replace(/\*+/g, '[^/]*');
    return pattern !== '' && new RegExp(`^${regex.replaceAll('?', '.')}$`).test(name);
  });
  return matching.at(-1)?.trim().startsWith('!') === false;
}

function packageJson({ text, json }: Manifest, setting: object | undefined): Change {
  const present = (json['scripts'] ?? {}) as Readonly<Record<string, string>>;
  const differing = Object.entries(scripts).filter(
    ([name, script]) => present[name] !== undefined && present[name] !== script,
  );
  const missing = Object.entries(scripts).filter(([name]) => present[name] === undefined);
  const settings = (json['nest-migrate'] ?? {}) as Readonly<Record<string, unknown>>;
  const diff = differing
    .map(([name, script]) => `- "${name}": ${JSON.stringify(present[name])}\n+ "${name}": ${JSON.stringify(script)}`)
    .join('\n');
  const change = { file: 'package.json', text: undefined, ...(diff !== '' && { diff }) };
  const isSet = Object.entries(setting ?? {}).every(([name, value]) => isDeepStrictEqual(settings[name], value));
  if (missing.length === 0 && isSet) return change;
  const next = {
    ...json,
    scripts: { ...present, ...Object.fromEntries(missing) },
    ...(setting && { 'nest-migrate': { ...settings, ...setting } }),
  };
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  const written = JSON.stringify(next, null, indent) + (text.endsWith('\n') ? '\n' : '');
  return { ...change, text: written.replaceAll('\n', lineEndOf(text)) };
}

/** A file from Windows keeps its line ends, so that a diff shows only what was added. */
function lineEndOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw new MigrateError({
      code: 'FILE_NOT_WRITTEN',
      message: `${file} could not be written: ${messageOf(error)}.`,
      next: 'Make the folder writable and run `nest-migrate init` again: it continues where it stopped.',
      cause: error,
    });
  }
}

function ownLedger(file: string, ledger: string, others: readonly string[]): string {
  return `${file} uses its own ledger, ${ledger}, because ${others.join(', ')} also ${others.length === 1 ? 'uses' : 'use'} TypeORM, perhaps on the same database. See: nest-migrate help deploying`;
}

function warnOf({ file, line, option, is }: Found): string {
  const sets = is === 'true' ? `${option}: true` : `${option} to a value that may be true`;
  return `${file}:${line} sets ${sets}. An app with MigrationsModule refuses to start with it. Set it to false: nest-migrate help leaving-synchronize`;
}

const because: Readonly<Record<InCharge['by'], string>> = {
  settings: 'as package.json says',
  scripts: 'as the scripts of package.json say',
  'its name': 'which they find by its name',
  search: 'as package.json says now',
};

function nextSteps(
  dir: string,
  {
    reads,
    other,
    module,
  }: { readonly reads: string; readonly other: string | undefined; readonly module: string | false },
  own: InCharge | undefined,
  target: Target | undefined,
): readonly string[] {
  const inWorkspace =
    target?.app &&
    `Run all commands in ${dir}. They read ${other === undefined ? `${reads}, as package.json says now` : `${other} as before; for this app: --data-source ${reads}`}. If the app is bundled (webpack, esbuild), list its entities and migrations as classes: nest-migrate help nest`;
  return [
    ...(inWorkspace === undefined ? [] : [inWorkspace]),
    ...(own === undefined
      ? ['Copy .env.example to .env and set DATABASE_URL (without it, an embedded database is used in development).']
      : []),
    ...(own !== undefined && other === undefined
      ? [`All commands read ${own.file}, ${because[own.by]}: nest-migrate status shows what is applied.`]
      : []),
    ...(module === false ? [] : [module]),
    ...(isDevelopmentInstalled(dir)
      ? []
      : [`${installLine(devPackage)}, for nest-migrate dev, generate, check, lint and plan.`]),
    'While you develop: nest-migrate dev. It changes your database to match the entities and writes the migration.',
    'If synchronize has created your databases: nest-migrate help leaving-synchronize',
  ];
}

/** What the commands read if this app connects by a file of its own, and package.json names that of another app. */
function readByFlag(dir: string, own: InCharge, other: InCharge): string {
  const flag = own.kind === 'app' ? '--app' : '--data-source';
  return `Run all commands in ${dir}. They read ${other.file} as before; for this app: ${flag} ${own.file}`;
}

function notAProject(message: string, next: string): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: `${message} Nothing was written.`,
    next,
    exitCode: ExitCode.usage,
  });
}
