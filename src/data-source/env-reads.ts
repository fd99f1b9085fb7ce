/** The variables that were read while something was loaded, although they were not set. */
export interface EnvironmentReads<T> {
  readonly result: PromiseSettledResult<T>;
  readonly unset: ReadonlySet<string>;
  /** Those of them that the project's own code reads, rather than a package. */
  readonly own: ReadonlySet<string>;
}

/**
 * Notes which variables the code of a project reads in vain, wherever it does that: in the file of the data source, in one that it imports,
 * or in a package that validates them.
 */
export async function noticingReads<T>(
  work: () => Promise<T>,
  isOurs: (stackLine: string) => boolean,
): Promise<EnvironmentReads<T>> {
  const environment = process.env;
  const missed = new Map<string, boolean>();
  // What a project installs to print stacks may read variables itself.
  let isAsking = false;
  const asked = new Map<string, number>();
  const note = (name: string): void => {
    const times = asked.get(name) ?? 0;
    // Some packages read a variable with each call.
    if (isAsking || missed.get(name) === true || times === 20) return;
    asked.set(name, times + 1);
    isAsking = true;
    missed.set(name, isReadByProject(isOurs));
    isAsking = false;
  };
  process.env = new Proxy(environment, {
    get(target, name) {
      const value = target[name as string];
      if (value === undefined && typeof name === 'string') note(name);
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
    const unset = [...missed].filter(([name]) => environment[name] === undefined);
    return {
      result,
      unset: new Set(unset.map(([name]) => name)),
      own: new Set(unset.flatMap(([name, isOwn]) => (isOwn ? [name] : []))),
    };
  } finally {
    process.env = environment;
  }
}

/** Whether the code that reads the variable right now belongs to the project. */
function isReadByProject(isOurs: (stackLine: string) => boolean): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 4;
  const reader = String(new Error('who reads').stack).split('\n')[4] ?? '';
  Error.stackTraceLimit = stackTraceLimit;
  if (isOurs(reader)) return false;
  return /[/\\]/.test(reader) && !/node:|[/\\]node_modules[/\\]/.test(reader);
}
