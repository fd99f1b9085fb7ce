import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse } from 'dotenv';

/** The environment files that a shell command loads with env-cmd, dotenv-cli, Node, or dotenv itself. */
export function envFilesIn(command: string): readonly string[] {
  const [, options] = /\b(?:env-cmd|dotenv)\b((?: -[\w-]+(?:[ =](?!-)[^\s-]\S*)?)*)(?: --)? /.exec(command) ?? [];
  if (options !== undefined) {
    const files = [...options.matchAll(/ (?:-f|--file|-e)[ =](\S+)/g)].map(([, file]) => file ?? '');
    return files.length > 0 ? files : ['.env'];
  }
  const byNode = [...command.matchAll(/ --env-file(?:-if-exists)?[ =](\S+)/g)].map(([, file]) => file ?? '');
  if (byNode.length > 0) return byNode;
  return /(?:-r|--require|--import)[ =]dotenv\/config\b/.test(command) ? ['.env'] : [];
}

const starts = ['start:dev', 'start:local', 'dev', 'start'];

/**
 * The environment files that an app loads before its modules: in its main.ts, which commands do not execute, or in its start script.
 * ConfigModule loads its own files for commands as well.
 */
export function envFilesOfApp(
  module: string,
  projectDir: string,
  scripts: Readonly<Record<string, string>>,
): readonly string[] {
  const main = foldersUp(dirname(module), projectDir)
    .flatMap((folder) => ['ts', 'js', 'mts', 'mjs'].map((ending) => join(folder, `main.${ending}`)))
    .find((file) => existsSync(file));
  const byMain = main === undefined ? [] : envFilesLoadedIn(readFileSync(main, 'utf8'));
  if (byMain.length > 0) return byMain;
  const script = starts.find((name) => envFilesIn(scripts[name] ?? '').length > 0);
  return script === undefined ? [] : envFilesIn(scripts[script] ?? '');
}

/** An environment file that was not loaded, and the variables in it that were read in vain. */
export interface UnloadedFile {
  /** Relative to the project. */
  readonly file: string;
  readonly names: readonly string[];
  /** Whether another file was loaded, and this one may be for another environment. */
  readonly isBesideLoaded: boolean;
}

/**
 * The file that sets most of the variables which were read, but not set, as in projects in which only the app's ConfigModule, or a script,
 * loads it. The data source then uses its default values, such as `localhost`. Variables that packages read, whatever the project does, are
 * no sign of it.
 */
export function unloadedFile(unset: ReadonlySet<string>, projectDir: string, from: string): UnloadedFile | undefined {
  const folders = [
    ...foldersUp(dirname(from), projectDir),
    ...['config', 'env', 'envs'].map((one) => join(projectDir, one)),
  ];
  const files = [...new Set([projectDir, ...folders])]
    .flatMap((folder) => envFilesOf(folder).map((name) => join(folder, name)))
    .map((path) => ({
      file: relative(projectDir, path),
      variables: Object.entries(parse(readFileSync(path))).filter(([, value]) => value !== ''),
    }));
  const isBesideLoaded = files.some(
    ({ variables }) => variables.length > 0 && variables.every(([name, value]) => process.env[name] === value),
  );
  const found = files.map(({ file, variables }) => ({
    file,
    names: variables.flatMap(([name]) => (unset.has(name) && !ofPackages.has(name) ? [name] : [])),
    isBesideLoaded,
  }));
  // Of files with the same variables, the first one: `.env` comes before `.env.local`.
  return found.reduce<UnloadedFile | undefined>(
    (best, one) => (one.names.length > (best?.names.length ?? 0) ? one : best),
    undefined,
  );
}

const ofPackages = new Set([
  'NODE_ENV',
  'DEBUG',
  'TZ',
  'CI',
  'PORT',
  'HOST',
  'LOG_LEVEL',
  'NO_COLOR',
  'FORCE_COLOR',
  'HOME',
  'USER',
]);

/** Those for a person's own machine. */
function envFilesOf(folder: string): readonly string[] {
  const names = entriesOf(folder).filter((name) => /^\.env(?:\.|$)|.\.env$/.test(name));
  return names.filter((name) => !notForDevelopment.test(name)).toSorted();
}

const notForDevelopment =
  /(?:^|[._-])(?:example|sample|template|dist|tpl|schema|test|tests|e2e|ci|prod|production|staging|docker|vault|keys)\b/;

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch {
    return [];
  }
}

function envFilesLoadedIn(text: string): readonly string[] {
  const code = text.replace(/^\s*(?:\/\/|\*).*$/gm, '');
  if (!/["']dotenv(?:\/config|-flow|-expand)?["']/.test(code)) return [];
  const paths = [...code.matchAll(/\bconfig\(\s*\{[^}]*\bpath:\s*(["'`])(.+?)\1/g)].map(([, , path]) => path ?? '');
  return paths.length > 0 ? paths : ['.env'];
}

function foldersUp(folder: string, top: string): readonly string[] {
  const isWithin = !relative(top, folder).startsWith('..');
  return isWithin ? [folder, ...(folder === top ? [] : foldersUp(dirname(folder), top))] : [];
}
