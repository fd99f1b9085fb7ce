import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { readJson } from '../files/tsconfig.js';
import type { ProjectFile } from './project-files.js';

/** What the files of a project say of a connection; relative to it. */
export interface Candidates {
  /** Files that export a data source. */
  readonly dataSources: readonly string[];
  /** A file for TypeORM's command of former days. */
  readonly ormConfigs: readonly string[];
  /** Root modules of apps that connect. */
  readonly apps: readonly string[];
}

export function candidatesIn(dir: string, files: readonly ProjectFile[]): Candidates {
  return {
    dataSources: dataSourcesIn(files).map(({ file }) => file),
    ormConfigs: ormConfigs.filter((file) => existsSync(join(dir, file))).slice(0, 1),
    apps: appModules(dir, files),
  };
}

const ormConfigs = ['', 'src/'].flatMap((folder) =>
  ['ts', 'js', 'cjs', 'json'].map((one) => `${folder}ormconfig.${one}`),
);

/** Where no data source has migrations, the options that have them may be what the commands are to read. */
function dataSourcesIn(files: readonly ProjectFile[]): readonly ProjectFile[] {
  const made = files.filter(exportsDataSource);
  if (made.length === 0 || made.some(({ text }) => /\bmigrations\b/.test(text))) return made;
  const isImported = ({ file }: ProjectFile): boolean =>
    made.some(({ text }) => text.includes(`/${basename(file, extname(file))}`));
  return [...made, ...files.filter((one) => exportsMigrations(one) && !isImported(one))];
}

function exportsMigrations({ text }: ProjectFile): boolean {
  return /\bexport\b/.test(text) && /\btype:\s*['"`]postgres['"`]/.test(text) && /\bmigrations:\s*\S/.test(text);
}

/** In sources, and in what is compiled from them. */
const made = String.raw`(?:await\s+)?(?:new\s+(?:\(?[\w.$]+\.)?DataSource\)?|new\s*\(require\([^)]*\)\.DataSource\)|(?:\(0,\s*[\w$]+\.)?defineDataSource\)?)\s*\(`;
const exportedDirectly = new RegExp(
  String.raw`(?:export\s+default|export\s+(?:const|let|var)\s+\w+[^=\n]*=|module\.exports\s*=|exports\.\w+\s*=)\s*${made}`,
);
const declared = new RegExp(String.raw`(?:const|let|var)\s+(\w+)[^=\n]*=\s*${made}`, 'g');

function exportsDataSource({ text }: ProjectFile): boolean {
  if (exportedDirectly.test(text)) return true;
  return [...text.matchAll(declared)].some(([, name]) =>
    new RegExp(String.raw`export\s+default\s+${name}\b|export\s*\{[^}]*\b${name}\b|exports\b[^\n]*\b${name}\b`).test(
      text,
    ),
  );
}

/** The root modules of the apps whose modules connect: a connection may be in a module of its own, and the root module has all entities. */
function appModules(dir: string, files: readonly ProjectFile[]): readonly string[] {
  const connecting = files.filter(({ text }) =>
    text
      .split('\n')
      .some((line) => /TypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/.test(line) && !/^\s*(?:\/\/|\*)/.test(line)),
  );
  const roots = sourceRoots(dir);
  const modules = connecting.map(({ file }) => {
    const root = roots.find((one) => file.startsWith(`${one}/`)) ?? 'src';
    const module = ['app.module.ts', 'app/app.module.ts'].map((name) => `${root}/${name}`);
    // A library of a workspace belongs to no app; its module is then the one to load.
    return module.find((one) => file.startsWith(`${root}/`) && existsSync(join(dir, one))) ?? file;
  });
  const unique = [...new Set(modules)];
  const ofApps = unique.filter((file) => /(?:^|\/)app\.module\.ts$/.test(file));
  return ofApps.length > 0 ? ofApps : unique.slice(0, 1);
}

/** Of each project of a Nest workspace. */
function sourceRoots(dir: string): readonly string[] {
  const { projects = {} } = (readJson(join(dir, 'nest-cli.json')) ?? {}) as {
    readonly projects?: Readonly<Record<string, { readonly sourceRoot?: string }>>;
  };
  return Object.values(projects).flatMap(({ sourceRoot }) => sourceRoot ?? []);
}
