import type { InjectionToken } from '@nestjs/common';
import { dependenciesOf, forwarded } from './dependencies.js';

/** What is read of Nest's injector, which is not documented: where it looks otherwise, nothing is found. */
interface Injector {
  readonly instanceLinksHost?: { get(token: InjectionToken): { readonly wrapperRef: Provider } };
}

interface Provider {
  readonly metatype?: unknown;
  readonly inject?: readonly (InjectionToken | { readonly token: InjectionToken } | undefined)[] | null;
}

/** How one provider needs another: `UsersService`, `UserRepository`, `DataSource`. Undefined when it does not. */
export function waitChain(
  container: object,
  from: InjectionToken,
  to: InjectionToken,
  seen = new Set<InjectionToken>(),
): readonly InjectionToken[] | undefined {
  if (from === to) return [from];
  if (seen.has(from)) return undefined;
  seen.add(from);
  for (const needed of neededBy(container, from)) {
    const rest = waitChain(container, needed, to, seen);
    if (rest !== undefined) return [from, ...rest];
  }
  return undefined;
}

function neededBy(injector: Injector, token: InjectionToken): readonly InjectionToken[] {
  const provider = find(injector, token);
  if (provider === undefined) return [];
  const tokens = Array.isArray(provider.inject)
    ? provider.inject.map((one: unknown) => withoutOptions(one))
    : typeof provider.metatype === 'function'
      ? dependenciesOf(provider.metatype as never).map((dependency) => dependency.token)
      : [];
  return tokens.filter((one): one is InjectionToken => one !== undefined);
}

function withoutOptions(one: unknown): InjectionToken | undefined {
  const optional = one as { readonly token?: InjectionToken } | undefined;
  return forwarded(typeof one === 'object' && optional?.token ? optional.token : (one as InjectionToken | undefined));
}

function find(injector: Injector, token: InjectionToken): Provider | undefined {
  try {
    return injector.instanceLinksHost?.get(token).wrapperRef;
  } catch {
    return undefined;
  }
}
