import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { globSync } from 'tinyglobby';
import type { ProjectFile } from '../../data-source/project-files.js';
import { readJson } from '../../files/tsconfig.js';

/** A part of a workspace whose parts share one package.json. Folders are relative to that file. */
export interface Part {
  readonly name: string;
  readonly kind: 'app' | 'library';
  readonly root: string;
  readonly sources: string;
}

/** The folder with the package.json of the Nest or Nx workspace that contains a folder. */
export function workspaceAbove(dir: string): string | undefined {
  const isRoot = ['nx.json', 'nest-cli.json'].some((file) => existsSync(join(dir, file)));
  if (existsSync(join(dir, 'package.json'))) return isRoot ? dir : undefined;
  const above = dirname(dir);
  return above === dir ? undefined : workspaceAbove(above);
}

/** The Nest apps and libraries of a workspace; empty for a project with a single app. */
export function partsOf(dir: string, files: readonly ProjectFile[]): readonly Part[] {
  return [...ofNest(dir), ...ofNx(dir)].filter(
    ({ kind, sources }) =>
      kind === 'library' || files.some(({ file, text }) => isIn(file, sources) && text.includes('@nestjs/')),
  );
}

/** Whether a file belongs to another app of the workspace than the one in whose folder the user is. */
export function isOfOtherApp(file: string, within: string, dir: string, files: readonly ProjectFile[]): boolean {
  const apps = partsOf(dir, files).filter(({ kind }) => kind === 'app');
  const here = apps.find(({ root }) => isIn(within, root));
  const there = apps.find(({ root }) => isIn(file, root));
  return here !== undefined && there !== undefined && here !== there;
}

/** Searches the libraries and other folders of the workspace. Another app has its own entities. */
export function entityFoldersBeside(
  app: Part,
  parts: readonly Part[],
  files: readonly ProjectFile[],
): readonly string[] {
  const folders = files
    .filter(({ file }) => /\.entity\.[cm]?[jt]s$/.test(file))
    .flatMap(({ file }) => {
      const owner = parts.find(({ sources }) => isIn(file, sources));
      return owner?.kind === 'app' ? [] : (owner?.sources ?? dirname(file));
    });
  return [...new Set(folders)].map((folder) => relative(app.sources, folder).split(sep).join('/'));
}

export function isIn(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

function ofNest(dir: string): readonly Part[] {
  const { projects = {} } = (readJson(join(dir, 'nest-cli.json')) ?? {}) as {
    readonly projects?: Readonly<
      Record<string, { readonly type?: string; readonly root?: string; readonly sourceRoot?: string }>
    >;
  };
  return Object.entries(projects).map(([name, { type, root = '.', sourceRoot }]) => ({
    name,
    kind: type === 'library' ? 'library' : 'app',
    root,
    sources: sourceRoot ?? `${root}/src`,
  }));
}

function ofNx(dir: string): readonly Part[] {
  if (!existsSync(join(dir, 'nx.json'))) return [];
  return globSync('**/project.json', { cwd: dir, ignore: ['**/node_modules/**', '**/dist/**'] })
    .toSorted()
    .flatMap((file) => {
      const root = dirname(file);
      if (root === '.') return [];
      const {
        name = root,
        projectType,
        sourceRoot = `${root}/src`,
      } = (readJson(join(dir, file)) ?? {}) as {
        readonly name?: string;
        readonly projectType?: string;
        readonly sourceRoot?: string;
      };
      return { name, kind: projectType === 'application' ? 'app' : 'library', root, sources: sourceRoot } as const;
    });
}
