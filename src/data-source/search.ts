import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { readJson } from '../files/tsconfig.js';
import type { ProjectFile } from './project-files.js';

/** Files of a project that may define its connection. The paths are relative to the project. */
export interface Candidates {
  /** Files that export a data source. */
  readonly dataSources: readonly string[];
  /** A configuration file for older versions of TypeORM's command. */
  readonly ormConfigs: readonly string[];
  /** Root modules of apps that connect to a database, or the main file of an app whose modules need what that file prepares. */
  readonly apps: readonly string[];
  /** Bundles that contain a data source. To load one would start its app. */
  readonly bundles: readonly string[];
}

export function candidatesIn(dir: string, files: readonly ProjectFile[]): Candidates {
  const modules = files.filter((file) => !startsApp(file));
  return {
    dataSources: dataSourcesIn(modules).map(({ file }) => file),
    ormConfigs: ormConfigs.filter((file) => existsSync(join(dir, file))).slice(0, 1),
    apps: appModules(dir, modules, startedModules(files)).map((file) => preparingMain(file, files) ?? file),
    bundles: files.filter((one) => exportsDataSource(one) && startsApp(one)).map(({ file }) => file),
  };
}

/** A data source may itself use the modules of an app (`createApplicationContext`) to be configured. */
function startsApp({ text }: ProjectFile): boolean {
  return /\bNestFactory\s*\.\s*create(?:Microservice)?\s*[(<]/.test(text);
}

/** The files of the modules that `NestFactory.create` is called with: in main.ts, if there is one, because scripts have modules of their own. */
function startedModules(files: readonly ProjectFile[]): readonly string[] {
  const starting = files.filter(startsApp);
  const main = starting.filter(({ file }) => /^main\.[cm]?[jt]s$/.test(basename(file)));
  const names = (main.length > 0 ? main : starting).flatMap(({ text }) =>
    [...text.matchAll(started)].map(([, name]) => name),
  );
  return files.filter(({ text }) => names.some((name) => isExportedBy(text, name))).map(({ file }) => file);
}

/** The main file of a module that cannot be loaded before that file has called `initializeTransactionalContext` (typeorm-transactional). */
function preparingMain(module: string, files: readonly ProjectFile[]): string | undefined {
  const text = files.find(({ file }) => file === module)?.text ?? '';
  return files.find(
    (one) =>
      startsApp(one) &&
      /\binitializeTransactionalContext\s*\(/.test(one.text) &&
      [...one.text.matchAll(started)].some(([, name]) => isExportedBy(text, name)),
  )?.file;
}

function isExportedBy(text: string, name: string | undefined): boolean {
  return new RegExp(String.raw`\bexport\s+class\s+${name}\b`).test(text);
}

const started = /\bNestFactory\s*\.\s*create(?:Microservice)?\s*(?:<[^(]*>)?\(\s*(\w+)/g;

const ormConfigs = ['', 'src/'].flatMap((folder) =>
  ['ts', 'js', 'cjs', 'json'].map((one) => `${folder}ormconfig.${one}`),
);

/** If no data source has migrations, options with migrations may be what the commands should read. */
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

/** A data source or its options, in sources or in compiled files. */
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

/** The line with the connection of an app: `TypeOrmModule.forRoot`, but not in a comment. */
export function lineThatConnects({ text }: ProjectFile): number | undefined {
  const at = text
    .split('\n')
    .findIndex((line) => /\bTypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/.test(line) && !/^\s*(?:\/\/|\*)/.test(line));
  return at === -1 ? undefined : at + 1;
}

/** The root modules of the apps that connect. The connection may be in another module, but the root module has all entities. */
function appModules(dir: string, files: readonly ProjectFile[], started: readonly string[]): readonly string[] {
  const connecting = files.filter((file) => lineThatConnects(file) !== undefined);
  const apps = appFolders(dir);
  const inApps = apps.flatMap(
    (folder) =>
      rootModule(
        dir,
        folder,
        connecting.filter((one) => isIn(one, folder)),
        started,
      ) ?? [],
  );
  // A workspace library belongs to no app, so its own module is the one to load.
  const others = connecting
    .filter((one) => !apps.some((folder) => isIn(one, folder)))
    .map((one) => (isIn(one, 'src') ? rootModule(dir, 'src', [one], started) : undefined) ?? one.file);
  const roots = [...new Set([...inApps, ...others.filter((file) => appModule.test(file) || started.includes(file))])];
  return roots.length > 0 ? roots : others.slice(0, 1);
}

const appModule = /(?:^|\/)app\.module\.ts$/;

/** The root module of the app in a folder, of whose files these connect. */
function rootModule(
  dir: string,
  folder: string,
  connecting: readonly ProjectFile[],
  started: readonly string[],
): string | undefined {
  if (connecting.length === 0) return undefined;
  const usual = ['app.module.ts', 'app/app.module.ts'].map((name) => `${folder}/${name}`);
  const files = connecting.map(({ file }) => file);
  return (
    usual.find((file) => existsSync(join(dir, file))) ??
    files.find((file) => appModule.test(file)) ??
    started.find((file) => file.startsWith(`${folder}/`)) ??
    files[0]
  );
}

function isIn({ file }: ProjectFile, folder: string): boolean {
  return file.startsWith(`${folder}/`);
}

/** The folders with the sources of the apps in a Nest workspace. */
function appFolders(dir: string): readonly string[] {
  const { projects = {} } = (readJson(join(dir, 'nest-cli.json')) ?? {}) as {
    readonly projects?: Readonly<Record<string, { readonly type?: string; readonly sourceRoot?: string }>>;
  };
  return Object.values(projects).flatMap(({ type, sourceRoot }) => (type === 'library' ? [] : (sourceRoot ?? [])));
}
