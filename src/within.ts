import { AsyncLocalStorage } from 'node:async_hooks';

/** Tells what a piece of work calls from what else is called in this process at the same time. */
export class Within<T> {
  readonly #storage = new AsyncLocalStorage<T>();
  #running = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The value of the work that calls this, or undefined. */
  get current(): T | undefined {
    return this.#running === 0 ? undefined : this.#storage.getStore();
  }

  async run<R>(value: T, work: () => Promise<R>): Promise<R> {
    this.#running += 1;
    try {
      return await this.#storage.run(value, work);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#disableSoon();
    }
  }

  /** As long as it is enabled, every promise of the process is slower. Many migrations in a row should not switch it each time. */
  #disableSoon(): void {
    const disable = (): void => void (this.#running === 0 && this.#storage.disable());
    this.#timer = this.#timer?.refresh() ?? setTimeout(disable, 1000).unref();
  }
}
