/** The variables that were read while something was loaded, although they were not set. */
export interface EnvironmentReads<T> {
  readonly result: PromiseSettledResult<T>;
  readonly unset: ReadonlySet<string>;
}

/**
 * Notes which variables the code of a project reads in vain, wherever it does that: in the file of the data source, in one that it imports,
 * or in a package that validates them.
 */
export async function noticingReads<T>(work: () => Promise<T>): Promise<EnvironmentReads<T>> {
  const environment = process.env;
  const missed = new Set<string>();
  process.env = new Proxy(environment, {
    get(target, name) {
      const value = target[name as string];
      if (value === undefined && typeof name === 'string') missed.add(name);
      return value;
    },
    // Node accepts no partial description of a property here, which a proxy would otherwise pass on.
    set(target, name, value) {
      target[name as string] = value as string;
      return true;
    },
  });
  try {
    const [result] = await Promise.allSettled([work()]);
    return { result, unset: new Set([...missed].filter((name) => environment[name] === undefined)) };
  } finally {
    process.env = environment;
  }
}
