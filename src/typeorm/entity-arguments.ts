interface Argument {
  readonly target?: unknown;
}

/**
 * TypeORM keeps what the decorators of entities say in lists, for all classes of the process. If a class is loaded again, the old one stays in
 * them: no entity refers to it any more, but each search goes through the lists, and they grow.
 */
export class EntityArguments {
  /** How long the lists were the last time. */
  readonly #lengths = new Map<string, number>();

  /** Removes what older classes say if a class of the same name has been loaded since the last time. */
  dropReplaced(): void {
    const lists = Object.entries(storage()).filter((entry): entry is [string, Argument[]] => Array.isArray(entry[1]));
    const lengthOf = (name: string): number => this.#lengths.get(name) ?? 0;
    const newer = new Set(lists.flatMap(([name, list]) => list.slice(lengthOf(name)).map(classNameOf)));
    for (const [name, list] of lists) {
      const older = list.splice(0, lengthOf(name)).filter((one) => !isNamedIn(newer, one));
      list.unshift(...older);
      this.#lengths.set(name, list.length);
    }
  }
}

function isNamedIn(names: ReadonlySet<string | undefined>, one: Argument): boolean {
  const name = classNameOf(one);
  return name !== undefined && names.has(name);
}

function classNameOf({ target }: Argument): string | undefined {
  return typeof target === 'function' ? target.name : undefined;
}

/** All copies of TypeORM in a process share it. */
function storage(): object {
  return (globalThis as { readonly typeormMetadataArgsStorage?: object }).typeormMetadataArgsStorage ?? {};
}
