/** Changes of shared objects: each is made for the first piece of work that needs it, and taken back after the last one. */
export class WhileInUse<K> {
  readonly #inUse = new Map<K, { count: number; readonly restore: () => void }>();

  async during<T>(object: K, change: () => () => void, work: () => Promise<T>): Promise<T> {
    const made = this.#inUse.get(object) ?? { count: 0, restore: change() };
    this.#inUse.set(object, made);
    made.count += 1;
    try {
      return await work();
    } finally {
      made.count -= 1;
      if (made.count === 0) {
        this.#inUse.delete(object);
        made.restore();
      }
    }
  }
}
