import { existsSync, readFileSync } from 'node:fs';
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

/**
 * The variables of `.env` that a data source reads, but that nothing has loaded, as in projects in which only the app's ConfigModule does
 * so. The data source then uses its default values, such as `localhost`.
 */
export function unloadedVariables(file: string, projectDir: string): readonly string[] {
  const env = join(projectDir, '.env');
  if (!existsSync(env) || !existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  if (/\b(?:dotenv|loadEnvFile|loadEnv)\b/.test(text)) return [];
  const read = new Set([...text.matchAll(/\bprocess\.env(?:\.|\[['"])(\w+)/g)].map(([, name = '']) => name));
  return Object.keys(parse(readFileSync(env))).filter((name) => read.has(name) && process.env[name] === undefined);
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
