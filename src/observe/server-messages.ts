import { cascadesIn } from './ask.js';
import type { ObservedClient } from './ask.js';

/** What the server says while a statement is executed. */
export class ServerMessages {
  #messages: string[] = [];
  #cascades: string[] = [];
  readonly #heard = new WeakSet<ObservedClient>();

  /** From now on, what it says on this connection is heard. */
  listenTo(client: ObservedClient): void {
    if (this.#heard.has(client)) return;
    this.#heard.add(client);
    client.on('notice', ({ message = '', detail = '' }) => {
      this.#messages.push(message);
      this.#cascades.push(...cascadesIn(`${message}\n${detail}`));
    });
  }

  /** Another statement begins. */
  forget(): void {
    this.#messages = [];
    this.#cascades = [];
  }

  get ofStatement(): { readonly messages: readonly string[]; readonly cascades: readonly string[] } {
    return { messages: this.#messages, cascades: this.#cascades };
  }
}
