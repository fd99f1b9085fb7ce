import { dirname, join } from 'node:path';
import { readJson } from '../../files/tsconfig.js';
import { addLine } from '../../package-manager.js';

type Json = Readonly<Record<string, unknown>>;

type Kind = 'dependencies' | 'devDependencies';

/** Includes what the root of a workspace lists, because its packages may leave their dependencies there. */
export function listed(dir: string, json: Json, kinds: readonly Kind[]): Readonly<Record<string, string>> {
  const above = dirname(dir);
  const ofRoot = above === dir ? undefined : ((readJson(join(above, 'package.json')) ?? {}) as Json);
  const own = Object.assign({}, ...kinds.map((kind) => json[kind])) as Readonly<Record<string, string>>;
  return { ...(ofRoot && listed(above, ofRoot, kinds)), ...own };
}

/**
 * npm installs the newest version of a missing package that this package allows, which may differ from the one that the project's Nest
 * needs.
 */
/** Commands need no Nest: only the module does. */
export function isNest(dir: string, json: Json): boolean {
  return '@nestjs/core' in listed(dir, json, ['dependencies', 'devDependencies']);
}

export function missingPackages(dir: string, json: Json): readonly string[] {
  const dependencies = listed(dir, json, ['dependencies']);
  const forDevelopment = listed(dir, json, ['devDependencies']);
  const needed = [...(isNest(dir, json) ? ['@nestjs/typeorm'] : []), 'typeorm', 'pg'];
  const lacking = needed.filter((name) => dependencies[name] === undefined);
  const missing = lacking.filter((name) => forDevelopment[name] === undefined);
  const toMove = lacking.filter((name) => forDevelopment[name] !== undefined);
  const major = /\d+/.exec(dependencies['@nestjs/core'] ?? '')?.[0];
  const named = missing.map((name) => (name === '@nestjs/typeorm' && major !== undefined ? `${name}@${major}` : name));
  return [
    ...(missing.length === 0 ? [] : [`${addLine(named.join(' '), dir)}, which package.json does not list.`]),
    ...(toMove.length === 0
      ? []
      : [
          `Move ${toMove.join(', ')} from devDependencies to dependencies: production needs ${toMove.length === 1 ? 'it' : 'them'}.`,
        ]),
  ];
}
