import { cascadesIn } from './ask.js';
import type { ObservedClient } from './ask.js';

/** The server's messages during a statement. */
export class ServerMessages {
  #messages: string[] = [];
  #cascades: string[] = [];
  readonly #heard = new WeakSet<ObservedClient>();

  /** From now on, messages on this connection are collected. */
  listenTo(client: ObservedClient): void {
    if (this.#heard.has(client)) return;
    this.#heard.add(client);
    client.on('notice', ({ message = '', detail = '' }) => {
      this.#messages.push(message);
      this.#cascades.push(...cascadesIn(`${message}\n${detail}`));
    });
  }

  /** Starts a new statement. */
  forget(): void {
    this.#messages = [];
    this.#cascades = [];
  }

  get ofStatement(): { readonly messages: readonly string[]; readonly cascades: readonly string[] } {
    return { messages: this.#messages, cascades: this.#cascades };
  }
}
