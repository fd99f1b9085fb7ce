import 'reflect-metadata';
import type { InjectionToken } from '@nestjs/common';

export interface Dependency {
  /** Undefined when neither a type nor `@Inject` says what it is. */
  readonly token: InjectionToken | undefined;
  readonly optional: boolean;
}

type Constructor = abstract new (...dependencies: never[]) => object;

/** What Nest would put into a constructor: the types of its parameters, and over them what `@Inject` says. */
export function dependenciesOf(constructor: Constructor): readonly Dependency[] {
  const types = metadata('design:paramtypes', constructor) as readonly (InjectionToken | undefined)[];
  const injected = metadata('self:paramtypes', constructor) as readonly { index: number; param: InjectionToken }[];
  const optional = metadata('optional:paramtypes', constructor);
  return Array.from({ length: Math.max(constructor.length, types.length) }, (_, index) => {
    const given = injected.find((one) => one.index === index)?.param ?? types[index];
    // What a parameter is declared as when its type is an interface: nothing can be found by it.
    const token = given === Object ? undefined : forwarded(given);
    return { token, optional: optional.includes(index) };
  });
}

/** What Nest would put into properties: `@Inject(token) private readonly property`. */
export function propertiesOf(constructor: Constructor): readonly (Dependency & { readonly key: PropertyKey })[] {
  const injected = metadata('self:properties_metadata', constructor) as readonly {
    readonly key: PropertyKey;
    readonly type: InjectionToken;
  }[];
  const optional = metadata('optional:properties_metadata', constructor);
  return injected.map(({ key, type }) => ({ key, token: forwarded(type), optional: optional.includes(key) }));
}

/** `forwardRef(() => Later)` stands for a class that was not there yet when the decorator ran. */
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
