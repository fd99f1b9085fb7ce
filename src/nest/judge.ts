import type { InjectionToken } from '@nestjs/common';
import { nameOf } from './dependencies.js';
import { getBootstrapToken, getMigrationsToken } from './migrations.constants.js';
import { dependenciesOfProvider, isModuleRef, visibleFrom } from './module-graph.js';
import type { Module, Provider } from './module-graph.js';

/** How a migration gets a provider: the instance that Nest has created, a new one on the migration's connection, or none. */
export type Verdict = 'shared' | 'made' | { readonly refused: string };

interface Judging {
  /** Whether a token belongs to the data source that is being migrated. */
  readonly isOwn: (token: InjectionToken) => boolean;
  readonly connection: string;
}

/** Judges a provider by its dependencies, so that the answer is the same before and after the app has created it. */
export function judge(token: InjectionToken, module: Module, judging: Judging): Verdict {
  const seen = new Set<Provider>();
  const walk = (one: InjectionToken, from: Module, path: readonly InjectionToken[]): Verdict => {
    if (judging.isOwn(one)) return 'made';
    if (isModuleRef(one)) return refused(path, "provides objects that work outside the migration's transaction");
    if (one === getMigrationsToken(judging.connection) || one === getBootstrapToken(judging.connection))
      return refused(path, 'exists only after the migrations');
    const provider = visibleFrom(from, one);
    if (provider === undefined || seen.has(provider)) return 'shared';
    seen.add(provider);
    if (provider.scope === requestScope) return refused(path, 'is created for each request');
    let verdict: Verdict = 'shared';
    for (const { token: needed } of dependenciesOfProvider(provider)) {
      const found = needed === undefined ? 'shared' : walk(needed, provider.host, [...path, needed]);
      if (typeof found === 'object') return found;
      if (found === 'made') verdict = found;
    }
    return verdict;
  };
  return walk(token, module, [token]);
}

/** Nest's `Scope.REQUEST`. */
const requestScope = 2;

function refused(path: readonly InjectionToken[], what: string): Verdict {
  const names = path.map(nameOf);
  const chain = names.length > 2 ? ` (${names.join(' → ')})` : '';
  return { refused: names.length === 1 ? what : `needs ${names.at(-1)}${chain}, which ${what}` };
}

/**
 * Describes providers that depend on each other, none of which can be created first. The last token of the path is already in it at
 * `again`.
 */
export function circular(path: readonly InjectionToken[], again: number): string {
  const circle = `needs itself (${path.slice(again).map(nameOf).join(' → ')})`;
  return again === 0 ? circle : `needs ${nameOf(path[again] as InjectionToken)}, which ${circle}`;
}
