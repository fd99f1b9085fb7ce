import { isNameWithDot, quoteLiteral, quoteName, sessionEffects } from '../sql/index.js';
import type { SessionEffects } from '../sql/index.js';
import { bodyOf, message, messagesIn, parametersIn, simpleQuery, sync, textsIn } from './messages.js';
import type { Message } from './messages.js';

/** Why a client cannot release the session, as a phrase for an error message. */
export type Attachment = 'a temporary table' | 'a cursor WITH HOLD';

/** A query that asks the session what its client has left in it. */
const question = (settings: ReadonlySet<string>): string => `SELECT
  (SELECT json_agg(json_build_array(name, setting)) FROM pg_catalog.pg_settings WHERE source = 'session'),
  ${settings.size === 0 ? 'NULL' : `json_build_array(${[...settings].map(oneSetting).join(', ')})`},
  current_setting('role'), CASE WHEN session_user <> (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10) THEN session_user END,
  pg_catalog.pg_my_temp_schema() <> 0 AND EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()),
  EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable),
  EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory'),
  (SELECT json_agg(statement) FROM pg_catalog.pg_prepared_statements WHERE from_sql)`;

function oneSetting(name: string): string {
  return `json_build_array(${quoteLiteral(name)}, current_setting(${quoteLiteral(name)}, true))`;
}

/**
 * Resets everything except advisory locks, which may belong to another client. The statements are separate because any of them may fail.
 */
export const reset = [
  'RESET SESSION AUTHORIZATION',
  'RESET ROLE',
  'RESET ALL',
  'CLOSE ALL',
  'DISCARD TEMP',
  `DO $$ DECLARE one text; BEGIN
     FOR one IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql LOOP EXECUTE pg_catalog.format('DEALLOCATE %I', one); END LOOP;
   END $$`,
];

/** Caches the effects of texts, because the same texts recur. */
const known = new Map<string, SessionEffects>();
const mostKnown = 1000;

function effectsOf(sql: string): SessionEffects {
  const found = known.get(sql);
  if (found !== undefined) return found;
  if (known.size >= mostKnown) known.clear();
  const effects = sessionEffects(sql);
  known.set(sql, effects);
  return effects;
}

/** Messages rewritten for the session, and their possible effects on it. */
export interface Noted extends Pick<SessionEffects, 'mayRemain' | 'advisory'> {
  readonly messages: Uint8Array;
  /** Whether they may have removed what other clients have. */
  readonly forgets: boolean;
  /** Updates what is known of this client, once the messages are executed. */
  readonly learned: readonly (() => void)[];
}

interface Prepared {
  readonly effects: SessionEffects;
  /** The messages that prepared the statement. */
  readonly parse: Buffer;
}

let count = 0;

/** The part of the shared session that belongs to one client: its settings, its prepared statements, and its channels. */
export class SessionState {
  /** Whether something may have been left in the session since its state was last read. */
  isTouched = false;
  /** Statements that restore the client's settings. */
  restore: readonly string[] = [];
  attachment: Attachment | undefined;
  hasAdvisoryLock = false;
  readonly channels = new Set<string>();
  /** The statements that it has prepared through the protocol, by the client's names for them. */
  readonly #prepared = new Map<string, Prepared>();
  #unnamed: SessionEffects | undefined;
  /** A statement from messages that may not have been executed yet. */
  #latest: { readonly name: string; readonly effects: SessionEffects } | undefined;
  readonly #settings = new Set<string>();
  readonly #prefix = `client_${++count}_`;

  /** Whether the client loses nothing if it gets a different session. */
  get isEmpty(): boolean {
    return !this.isTouched && this.moving?.length === 0;
  }

  /** The messages that restore the client in the session of another database; undefined if that is impossible. */
  get moving(): readonly Buffer[] | undefined {
    if (this.attachment !== undefined || this.hasAdvisoryLock) return undefined;
    return [
      ...this.restore.map(simpleQuery),
      ...[...this.#prepared.values()].map(({ parse }) => parse),
      ...this.#listen,
    ];
  }

  /** The messages that restore what another client may have removed from the session. */
  get refresh(): readonly Buffer[] {
    const again = ([name, { parse }]: readonly [string, Prepared]): Buffer =>
      Buffer.concat([this.#renamed('C', Buffer.from(`S${name}\0`), 1), this.#renamed('P', bodyOf(parse), 0), sync]);
    return [...[...this.#prepared].map(again), ...this.#listen];
  }

  get #listen(): readonly Buffer[] {
    return [...this.channels].map((channel) => simpleQuery(`LISTEN ${quoteName(channel)}`));
  }

  /** Reads messages before they are executed, and gives the statements that they prepare names that no other client uses. */
  note(messages: Uint8Array): Noted {
    let mayRemain = false;
    let advisory = false;
    let renamed = false;
    let forgets = false;
    const learned: (() => void)[] = [];
    const sent = [...messagesIn(messages)].map((one) => {
      const { effects, whole = one.whole } = this.#read(one, learned);
      if (effects !== undefined) learned.push(() => this.#mind(effects));
      forgets ||= effects?.forgets !== undefined;
      mayRemain ||= effects?.mayRemain === true;
      advisory ||= effects?.advisory === true;
      renamed ||= whole !== one.whole;
      return whole;
    });
    return { messages: renamed ? Buffer.concat(sent) : messages, mayRemain, advisory, forgets, learned };
  }

  /** Called when the messages are about to be executed. */
  begin({ mayRemain, learned }: Noted): void {
    for (const learn of learned) learn();
    // An attachment or a lock may be gone afterwards, so the session is asked again.
    this.isTouched ||= mayRemain || this.attachment !== undefined || this.hasAdvisoryLock;
  }

  /** The query about the state of the session, whose answer is passed to `learn`. */
  get question(): string {
    return question(this.#settings);
  }

  learn([settings, custom, role, user, temporary, cursor, advisory, prepared]: readonly (string | null)[]): void {
    const pairs = [settings, custom].flatMap((list) => JSON.parse(list ?? '[]') as [string, string | null][]);
    const set = (name: string, value: string): string =>
      `SELECT pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`;
    this.restore = [
      ...pairs.flatMap(([name, value]) =>
        value === null || (value === '' && isNameWithDot(name)) ? [] : [set(name, value)],
      ),
      ...(JSON.parse(prepared ?? '[]') as string[]),
      ...(user ? [set('session_authorization', user)] : []),
      ...(role && role !== 'none' ? [set('role', role)] : []),
    ];
    this.attachment = temporary === 't' ? 'a temporary table' : cursor === 't' ? 'a cursor WITH HOLD' : undefined;
    this.hasAdvisoryLock = advisory === 't';
    this.isTouched = false;
  }

  /** Statements that remove what would stay in the session while other clients use it. */
  get parting(): readonly string[] {
    return [
      ...(this.hasAdvisoryLock ? ['SELECT pg_catalog.pg_advisory_unlock_all()'] : []),
      ...[...this.#prepared.keys()].map((name) => `DEALLOCATE ${quoteName(this.#prefix + name)}`),
    ];
  }

  #mind({ settings, channels, forgets }: SessionEffects): void {
    if (forgets === 'all') {
      this.#prepared.clear();
      this.channels.clear();
    }
    for (const name of settings) this.#settings.add(name);
    for (const { listens, channel } of channels)
      if (channel === undefined) this.channels.clear();
      else this.channels[listens ? 'add' : 'delete'](channel);
  }

  #read(
    { kind, body, whole }: Message,
    learned: (() => void)[],
  ): { readonly effects?: SessionEffects | undefined; readonly whole?: Uint8Array } {
    if (kind === 'Q') return { effects: effectsOf(textsIn(body, 1)[0] ?? '') };
    if (kind === 'P') {
      const [name = '', sql = ''] = textsIn(body, 2);
      const effects = effectsOf(sql);
      this.#unnamed = effects;
      if (name === '') return { effects };
      const parse = Buffer.concat([whole, sync]);
      learned.push(() => this.#prepared.set(name, { effects, parse }));
      this.#latest = { name, effects };
      return { effects, whole: this.#renamed(kind, body, 0) };
    }
    if (kind === 'B') {
      const [portal = '', name = ''] = textsIn(body, 2);
      const named = name === this.#latest?.name ? this.#latest.effects : this.#prepared.get(name)?.effects;
      const effects = name === '' ? this.#unnamed : named;
      if (effects?.mayRemain)
        for (const value of parametersIn(body)) if (value && isNameWithDot(value)) this.#settings.add(value);
      if (name === '') return { effects };
      return { effects, whole: this.#renamed(kind, body, Buffer.byteLength(portal) + 1) };
    }
    // Describe and Close name a statement or a portal.
    if ((kind !== 'D' && kind !== 'C') || body[0] !== 0x53) return {};
    const [name = ''] = textsIn(body.subarray(1), 1);
    if (name === '') return {};
    if (kind === 'C') learned.push(() => this.#prepared.delete(name));
    return { whole: this.#renamed(kind, body, 1) };
  }

  #renamed(kind: string, body: Uint8Array, at: number): Uint8Array {
    return message(kind, Buffer.concat([body.subarray(0, at), Buffer.from(this.#prefix), body.subarray(at)]));
  }
}
