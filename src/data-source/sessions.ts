import { MigrateError } from '../errors.js';
import { abandonment, messagesIn, rowIn, simpleQuery, statusIn, textsIn } from './messages.js';
import type { Message } from './messages.js';
import { reset, SessionState } from './session-state.js';
import type { Noted } from './session-state.js';

/** A client of the only session. */
export interface SessionClient {
  /** The process of the client. */
  readonly pid: number;
  /** Delivers messages that are not answers, such as notifications. */
  deliver(messages: Uint8Array): void;
}

interface Waiting {
  readonly client: SessionClient;
  readonly advisory: boolean;
  readonly proceed: () => void;
  readonly fail: (error: unknown) => void;
}

const nothing = { mayRemain: false, advisory: false, forgets: false, learned: [] };

/** How long a client waits for another one. */
const turnTimeoutMs = 30_000;

/** Thrown when the database is being closed: the messages have not been sent, and may be sent to the process that opens it next. */
export class Moved extends Error {}

/**
 * PGlite has a single session, and its clients take turns: each one keeps it until the server reports that it is idle again, after a query
 * or a transaction. The settings of a client are saved and restored, so that each seems to have its own session. State that cannot be
 * moved, such as a temporary table, reserves the session for its client.
 */
export class Sessions {
  readonly #states = new Map<SessionClient, SessionState>();
  readonly #running = new Map<SessionClient, Promise<unknown>>();
  readonly #queue: Waiting[] = [];
  /** Statements that remove what clients other than the current one have left in the session. */
  readonly #leftovers: Uint8Array[] = [];
  /** The client that is in an exchange or a transaction. */
  #holder: SessionClient | undefined;
  /** The client whose settings the session has. */
  #current: SessionClient | undefined;
  #isDeciding = false;
  #isStopped = false;
  /** Whether a client has discarded what others may have, too. */
  #hasForgotten = false;

  constructor(
    private readonly carryOut: (messages: Uint8Array) => Promise<Uint8Array>,
    /** The clients of a throwaway database know of each other, and asking about their state would only take time. */
    private readonly clients: 'kept apart' | 'together' = 'kept apart',
  ) {}

  /** Whether a client loses nothing if it gets a different session. */
  hasNothing(client: SessionClient): boolean {
    return this.#stateOf(client).isEmpty;
  }

  async send(client: SessionClient, messages: Uint8Array): Promise<Uint8Array> {
    const state = this.#stateOf(client);
    const noted = this.clients === 'together' ? { messages, ...nothing } : state.note(messages);
    const running = this.#carryOutFor(client, noted);
    this.#running.set(
      client,
      running.catch(() => undefined),
    );
    return running;
  }

  /** Rolls back what a client has left open and resets its settings, as a server does. */
  async remove(client: SessionClient): Promise<void> {
    const state = this.#states.get(client);
    if (state === undefined) return;
    for (const waiting of this.#queue.filter((one) => one.client === client)) waiting.fail(new Moved());
    await this.#running.get(client);
    if (this.#holder === client) await this.carryOut(abandonment);
    const isFree = (this.#holder ?? client) === client && !this.#isDeciding;
    if (isFree) this.#holder = client;
    if (isFree && this.#current === client && state.isTouched) await this.#look(client);
    this.#states.delete(client);
    this.#running.delete(client);
    this.#leave(this.#leftBy(client, state));
    if (this.#current === client) this.#current = undefined;
    if (isFree) {
      await this.#tidy();
      this.#pass(client);
    } else void this.#decide();
  }

  /** Lets no client begin any more, and briefly waits for the transaction of a client in another process. */
  async stop(longestMs: number): Promise<void> {
    this.#isStopped = true;
    for (const waiting of this.#queue.slice()) waiting.fail(new Moved());
    const deadline = performance.now() + longestMs;
    while (this.#holder !== undefined && this.#holder.pid !== process.pid && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** After `stop`, the messages that restore a client in another session; undefined if that is impossible. */
  async moving(client: SessionClient): Promise<readonly Buffer[] | undefined> {
    const state = this.#stateOf(client);
    if (this.#holder === client) return undefined;
    if (this.#current === client && state.isTouched) await this.#look(client);
    return state.moving;
  }

  #stateOf(client: SessionClient): SessionState {
    let state = this.#states.get(client);
    if (state === undefined) this.#states.set(client, (state = new SessionState()));
    return state;
  }

  async #carryOutFor(client: SessionClient, noted: Noted): Promise<Uint8Array> {
    await this.#turnOf(client, noted.advisory);
    try {
      this.#stateOf(client).begin(noted);
      const answers = await this.carryOut(noted.messages);
      this.#hasForgotten ||= noted.forgets;
      if (statusIn(answers) === 'I') {
        if (this.#hasForgotten) await this.#refresh(client);
        this.#pass(client);
      }
      return this.#withoutNotices(answers);
    } catch (error) {
      this.#pass(client);
      throw error;
    }
  }

  #turnOf(client: SessionClient, advisory: boolean): Promise<void> | undefined {
    if (this.#isStopped && this.#holder !== client) throw new Moved();
    if (this.#holder === client) return undefined;
    const isAlone = this.#holder === undefined && this.#queue.length === 0 && !this.#isDeciding;
    const isNext = isAlone && (this.#current === client || this.clients === 'together');
    if (isNext && this.#obstacleTo(client, advisory) === undefined) {
      this.#holder = client;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const settled = (settle: () => void): void => {
        clearTimeout(timeout);
        if (this.#queue.includes(waiting)) this.#queue.splice(this.#queue.indexOf(waiting), 1);
        settle();
      };
      const waiting: Waiting = {
        client,
        advisory,
        proceed: () => settled(resolve),
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the error that was caught is passed on unchanged.
        fail: (error) => settled(() => reject(error)),
      };
      const timeout = setTimeout(() => waiting.fail(this.#busy(client, advisory)), turnTimeoutMs);
      this.#queue.push(waiting);
      void this.#decide();
    });
  }

  #pass(client: SessionClient): void {
    if (this.#holder !== client) return;
    this.#holder = undefined;
    if (this.#queue.length > 0) void this.#decide();
  }

  /** Gives the session to the first client that can have it. */
  async #decide(): Promise<void> {
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    try {
      while (this.#holder === undefined && !this.#isStopped) {
        const next = await this.#next();
        if (next === undefined) return;
        // In the meantime, the client may have given up or been moved.
        if (!this.#queue.includes(next)) continue;
        this.#holder = next.client;
        await this.#changeTo(next.client).then(next.proceed, (error: unknown) => {
          this.#holder = undefined;
          next.fail(error);
        });
      }
    } catch (error) {
      for (const waiting of this.#queue.slice()) waiting.fail(error);
    } finally {
      this.#isDeciding = false;
    }
  }

  async #next(): Promise<Waiting | undefined> {
    for (;;) {
      const next = this.#queue.find(({ client, advisory }) => this.#obstacleTo(client, advisory) === undefined);
      const current = this.#current;
      // The state that the current client has left may block the next one, so it is read first.
      if (current === undefined || next?.client === current || !this.#stateOf(current).isTouched) return next;
      await this.#look(current);
    }
  }

  /** The client whose state blocks this one. */
  #obstacleTo(client: SessionClient, advisory: boolean): SessionClient | undefined {
    for (const [other, state] of this.#states)
      if (other !== client && (state.attachment !== undefined || (advisory && state.hasAdvisoryLock))) return other;
    return undefined;
  }

  async #look(client: SessionClient): Promise<void> {
    const state = this.#stateOf(client);
    const hadLock = [...this.#states].some(([other, { hasAdvisoryLock }]) => other !== client && hasAdvisoryLock);
    state.learn(rowIn(await this.carryOut(simpleQuery(state.question))) ?? []);
    // Only one client at a time can hold advisory locks.
    if (hadLock) state.hasAdvisoryLock = false;
  }

  async #changeTo(client: SessionClient): Promise<void> {
    const before = this.#current;
    if (before !== client) {
      if (before !== undefined && this.#stateOf(before).restore.length > 0) this.#leave(reset);
      this.#current = client;
      this.#leave(this.#stateOf(client).restore);
    }
    await this.#tidy();
  }

  #leftBy(client: SessionClient, state: SessionState): readonly string[] {
    if (this.#states.size === 0) return ['DISCARD ALL'];
    const isInSession = this.#current === client && (state.restore.length > 0 || state.attachment !== undefined);
    const heard = [...this.#states.values()].map(({ channels }) => channels);
    const unheard = [...state.channels].filter((channel) => !heard.some((channels) => channels.has(channel)));
    return [
      ...(isInSession ? reset : []),
      ...state.parting,
      ...unheard.map((channel) => `UNLISTEN "${channel.replaceAll('"', '""')}"`),
    ];
  }

  async #tidy(): Promise<void> {
    for (const messages of this.#leftovers.splice(0)) await this.carryOut(messages);
  }

  #leave(statements: readonly string[]): void {
    this.#leftovers.push(...statements.map(simpleQuery));
  }

  /** What a client discards also affects other clients, because they share the session. */
  async #refresh(client: SessionClient): Promise<void> {
    this.#hasForgotten = false;
    for (const [other, state] of this.#states) if (other !== client) this.#leftovers.push(...state.refresh);
    await this.#tidy();
  }

  /** Delivers notifications to the clients that listen, whichever client's answers contain them. */
  #withoutNotices(answers: Uint8Array): Uint8Array {
    if ([...this.#states.values()].every(({ channels }) => channels.size === 0)) return answers;
    const rest: Uint8Array[] = [];
    for (const one of messagesIn(answers))
      if (one.kind === 'A') this.#deliver(one);
      else rest.push(one.whole);
    return Buffer.concat(rest);
  }

  #deliver({ body, whole }: Message): void {
    const [channel = ''] = textsIn(body.subarray(4), 1);
    for (const [client, { channels }] of this.#states) if (channels.has(channel)) client.deliver(whole);
  }

  #busy(client: SessionClient, advisory: boolean): MigrateError {
    const other = this.#holder ?? this.#obstacleTo(client, advisory);
    const state = other && this.#stateOf(other);
    const what =
      this.#holder !== undefined
        ? 'a transaction'
        : (state?.attachment ?? (state?.hasAdvisoryLock ? 'an advisory lock' : 'a query'));
    const isOwn = other === undefined || other.pid === client.pid;
    return new MigrateError({
      code: 'LOCK_NOT_ACQUIRED',
      message: `The embedded database has one session only, and ${what} of another connection${isOwn ? '' : `, of process ${other.pid},`} has held it for ${turnTimeoutMs / 1000} s. This query was not executed.`,
      next: isOwn
        ? 'Inside a transaction, use its own entity manager for every query. Or use a real server: DATABASE_URL in .env.'
        : `Let process ${other.pid} continue (it may be stopped in a debugger), or stop it, then try again. Or use a real server: DATABASE_URL in .env.`,
    });
  }
}
