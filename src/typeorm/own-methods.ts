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
  const before: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(object);
  Object.assign(object, methods);
  return () => {
    for (const name of Object.keys(methods)) {
      if (before[name]) Object.defineProperty(object, name, before[name]);
      else Reflect.deleteProperty(object, name);
    }
  };
}
