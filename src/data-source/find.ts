import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';

const extensions = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
const folders = ['', 'src', 'dist', 'dist/src'];
const elsewhere = ['src/database', 'src/db', 'src/config', 'src/typeorm', 'db', 'database', 'config'];
const otherNames = [
  'data-source',
  'datasource',
  'data-source.config',
  'typeorm.config',
  'ormconfig',
  'orm.config',
  'typeorm',
];

/** The data source file of a project. Sources win over what was compiled from them, where TypeScript can be loaded. */
export function findDataSourceFile(projectDir: string): string {
  const candidates = folders.flatMap((folder) =>
    extensions.map((extension) => join(projectDir, folder, `data-source.${extension}`)),
  );
  const found = candidates.filter(isFile);
  const sources = canLoadTypeScript(projectDir) ? found : found.filter((file) => !/\.[cm]?ts$/.test(file));
  const [first] = [...sources, ...found];
  if (first !== undefined) return first;
  const near = nearCandidates(projectDir);
  throw new MigrateError({
    code: 'DATA_SOURCE_NOT_FOUND',
    message: `There is no data-source.ts (or .js, .mts, …) in ${projectDir}, nor in its folders ${folders.slice(1).join(', ')}.`,
    next:
      near.length === 0
        ? 'Make one: npx nest-migrate init. Or name yours: --data-source path/to/data-source.ts; or the Nest module that has the connection: --app src/app.module.ts'
        : `Found ${near.join(', ')}: pass the right one with --data-source ${near[0]}. Or make one: npx nest-migrate init`,
    exitCode: ExitCode.usage,
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function canLoadTypeScript(projectDir: string): boolean {
  if (process.env['NODE_ENV'] === 'production') return false;
  try {
    createRequire(join(projectDir, 'package.json')).resolve('typescript');
    return true;
  } catch {
    return false;
  }
}

function nearCandidates(projectDir: string): readonly string[] {
  return ['', 'src', ...elsewhere]
    .flatMap((folder) =>
      otherNames.flatMap((name) => extensions.map((extension) => join(projectDir, folder, `${name}.${extension}`))),
    )
    .filter(isFile)
    .map((file) => relative(projectDir, file));
}
