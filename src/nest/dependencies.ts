import 'reflect-metadata';
import type { InjectionToken } from '@nestjs/common';

export interface Dependency {
  /** Undefined if neither a type nor `@Inject` says what to inject. */
  readonly token: InjectionToken | undefined;
  readonly optional: boolean;
}

type Constructor = abstract new (...dependencies: never[]) => object;

/** The dependencies that Nest would pass to a constructor: the types of its parameters, overridden by `@Inject`. */
export function dependenciesOf(constructor: Constructor): readonly Dependency[] {
  const types = metadata('design:paramtypes', constructor) as readonly (InjectionToken | undefined)[];
  const injected = metadata('self:paramtypes', constructor) as readonly { index: number; param: InjectionToken }[];
  const optional = metadata('optional:paramtypes', constructor);
  return Array.from({ length: Math.max(constructor.length, types.length) }, (_, index) => {
    const given = injected.find((one) => one.index === index)?.param ?? types[index];
    // A parameter whose type is an interface has the metadata Object, by which no provider can be found.
    const token = given === Object ? undefined : forwarded(given);
    return { token, optional: optional.includes(index) };
  });
}

/** The dependencies that Nest would assign to properties: `@Inject(token) private readonly property`. */
export function propertiesOf(constructor: Constructor): readonly (Dependency & { readonly key: PropertyKey })[] {
  const injected = metadata('self:properties_metadata', constructor) as readonly {
    readonly key: PropertyKey;
    readonly type: InjectionToken;
  }[];
  const optional = metadata('optional:properties_metadata', constructor);
  return injected.map(({ key, type }) => ({ key, token: forwarded(type), optional: optional.includes(key) }));
}

/** `forwardRef(() => Later)` stands for a class that did not exist yet when the decorator ran. */
export function forwarded(token: InjectionToken | undefined): InjectionToken | undefined {
  const reference = token as { readonly forwardRef?: () => InjectionToken } | undefined;
  return typeof reference?.forwardRef === 'function' ? reference.forwardRef() : token;
}

export function nameOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}

function metadata(key: string, constructor: Constructor): readonly unknown[] {
  return (Reflect.getMetadata(key, constructor) as readonly unknown[] | undefined) ?? [];
}
