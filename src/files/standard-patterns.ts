import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ofProject = 'src/**/*.entity.{ts,js}';
const ofSources = '**/*.entity.{ts,js}';

/** The patterns that `defineDataSource` uses by default, relative to `baseDir`. */
export function standardPatterns(
  baseDir: string | undefined,
): Readonly<Record<'entities' | 'migrations', readonly string[]>> {
  return {
    entities: [baseDir === undefined || isProject(baseDir) ? ofProject : ofSources],
    migrations: ['migrations/*.{ts,mts,cts,js,mjs,cjs,sql}'],
  };
}

export function isStandard(pattern: unknown): boolean {
  return [ofProject, `/${ofSources}`].some((one) => String(pattern).endsWith(one));
}

const ofRoot = ['src', 'package.json', 'node_modules'];

/**
 * `init` writes the data source into the folder of the sources, which is compiled to one that contains no `src` either. In any other folder,
 * the packages would be searched too.
 */
function isProject(dir: string): boolean {
  return !existsSync(dir) || ofRoot.some((name) => existsSync(join(dir, name)));
}
