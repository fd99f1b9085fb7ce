import type { InjectionToken, Type } from '@nestjs/common';
import { dependenciesOf, forwarded, propertiesOf } from './dependencies.js';
import type { Dependency } from './dependencies.js';

/** The part of Nest's `ModuleRef` that is used. */
export interface Container {
  create<T>(type: Type<T>): Promise<T>;
}

/** The part of the modules in Nest's container that is read. They are undocumented, but have been the same since Nest 6. */
export interface Module {
  readonly metatype: unknown;
  readonly providers: ReadonlyMap<InjectionToken, Provider>;
  readonly imports: ReadonlySet<Module>;
  readonly exports: ReadonlySet<unknown>;
}

export interface Provider {
  readonly host: Module;
  /** The class or the factory; undefined for a value. */
  readonly metatype?: unknown;
  /** The dependencies of a factory. */
  readonly inject?:
    readonly (InjectionToken | { readonly token: InjectionToken; readonly optional?: boolean })[] | null;
  readonly isAlias: boolean;
  readonly scope?: number;
  readonly instance: unknown;
}

/** The module that a `ModuleRef` belongs to. */
export function moduleOf(reference: Container): Module | undefined {
  return modulesOf(reference).find((module) => referenceOf(module) === reference);
}

/** All modules of the app that a `ModuleRef` belongs to. */
export function modulesOf(reference: Container): readonly Module[] {
  const { container } = reference as { readonly container?: { getModules?(): ReadonlyMap<string, Module> } };
  return [...(container?.getModules?.().values() ?? [])];
}

export function referenceOf({ providers }: Module): Container | undefined {
  const token = [...providers.keys()].find(isModuleRef);
  return token === undefined ? undefined : (providers.get(token)?.instance as Container | undefined);
}

/** Compared by name, since the app may use a different copy of Nest. */
export function isModuleRef(token: InjectionToken): boolean {
  return typeof token === 'function' && token.name === 'ModuleRef';
}

/** The provider that Nest would inject: one of the module, or one exported by a module that it imports. */
export function visibleFrom(module: Module, token: InjectionToken): Provider | undefined {
  const found = module.providers.get(token) ?? exportedTo(module, token, new Set());
  const [aliased] = found?.isAlias ? dependenciesOfProvider(found) : [];
  return found && aliased?.token !== undefined ? visibleFrom(found.host, aliased.token) : found;
}

function exportedTo(module: Module, token: InjectionToken, seen: Set<Module>, how?: 'again'): Provider | undefined {
  for (const imported of module.imports) {
    if (seen.has(imported) || (how === 'again' && !module.exports.has(imported.metatype))) continue;
    seen.add(imported);
    const own = imported.exports.has(token) ? imported.providers.get(token) : undefined;
    const found = own ?? exportedTo(imported, token, seen, 'again');
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The tokens that a provider depends on. */
export function dependenciesOfProvider({ metatype, inject }: Provider): readonly Dependency[] {
  if (inject) return inject.map((one) => dependencyOf(one));
  if (typeof metatype !== 'function') return [];
  return [...dependenciesOf(metatype as Type), ...propertiesOf(metatype as Type)];
}

function dependencyOf(one: NonNullable<Provider['inject']>[number]): Dependency {
  const described = one as { readonly token?: InjectionToken; readonly optional?: boolean } | undefined;
  const isDescribed = typeof one === 'object' && described?.token !== undefined;
  const token = isDescribed ? described.token : (one as InjectionToken);
  return { token: forwarded(token), optional: described?.optional === true };
}
