import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { readJson } from '../../files/tsconfig.js';
import { yamlList } from './yaml-list.js';

type Manifest = Readonly<Record<string, unknown>>;

/** The names of the other packages in the workspace that use TypeORM. */
export function otherServices(dir: string): readonly string[] {
  const root = workspaceOf(dir);
  if (root === undefined) return [];
  return globSync(
    root.packages.map((pattern) => `${pattern.replace(/\/$/, '')}/package.json`),
    { cwd: root.dir, ignore: ['**/node_modules/**'], absolute: true },
  )
    .filter((file) => dirname(file) !== dir)
    .map((file) => [dirname(file), (readJson(file) ?? {}) as Manifest] as const)
    .filter(([, manifest]) => Object.hasOwn(manifest['dependencies'] ?? {}, 'typeorm'))
    .map(([folder, manifest]) => packageName(folder, manifest))
    .toSorted();
}

/** A name that no other service of the workspace uses. */
export function ledgerName(service: string): string {
  const name = service.replace(/^@[^/]*\//, '');
  return `${name.replace(/\W+/g, '_').toLowerCase()}_migrations`;
}

export function packageName(dir: string, { name }: Manifest): string {
  return typeof name === 'string' && name !== '' ? name : basename(dir);
}

interface Workspace {
  readonly dir: string;
  /** The patterns for the folders of its packages. */
  readonly packages: readonly string[];
}

function workspaceOf(dir: string): Workspace | undefined {
  const packages = [...ofNpm(dir), ...ofPnpm(dir)];
  if (packages.length > 0) return { dir, packages };
  const above = dirname(dir);
  return above === dir ? undefined : workspaceOf(above);
}

function ofNpm(dir: string): readonly string[] {
  const { workspaces } = (readJson(join(dir, 'package.json')) ?? {}) as Manifest;
  const listed = Array.isArray(workspaces) ? workspaces : (workspaces as Manifest | undefined)?.['packages'];
  return Array.isArray(listed) ? listed.filter((one): one is string => typeof one === 'string') : [];
}

/** The list `packages` of pnpm-workspace.yaml. If it is written in an unknown way, any package below may belong to the workspace. */
function ofPnpm(dir: string): readonly string[] {
  const file = join(dir, 'pnpm-workspace.yaml');
  return existsSync(file) ? (yamlList(readFileSync(file, 'utf8'), 'packages') ?? ['**']) : [];
}
