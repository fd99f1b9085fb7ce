/** Puts methods on an object that is not ours, and takes them off again: those of its class show through then, or what it had itself. */
export async function withOwn<T>(object: object, methods: object, work: () => Promise<T>): Promise<T> {
  const restore = putOwn(object, methods);
  try {
    return await work();
  } finally {
    restore();
  }
}

/** The same until the returned function is called. */
export function putOwn(object: object, methods: object): () => void {
  const before = Object.keys(methods).map((name) => [name, Object.getOwnPropertyDescriptor(object, name)] as const);
  Object.assign(object, methods);
  return () => {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(object, name, own);
      else Reflect.deleteProperty(object, name);
    }
  };
}
