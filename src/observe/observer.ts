import type { QueryRunner } from 'typeorm';
import { codeOf } from '../errors.js';
import { withQueryRunner } from '../shadow/replay.js';
import type { Shadow } from '../shadow/shadow.js';
import { ask } from './ask.js';
import type { ObservedClient } from './ask.js';
import { namesIn, readTables } from './catalog.js';
import type { TableFacts } from './catalog.js';
import { openParser, tagOf } from './parser.js';
import type { Parser, Tree } from './parser.js';
import { relationKind, strongest } from './relation.js';
import type { Lock, Relation } from './relation.js';
import { knownOf, lookSql, modeOf, readRelations } from './relations-now.js';
import type { Known, LookRow } from './relations-now.js';

/** What a statement did, seen while it was executed on a throwaway database. */
export interface Observed {
  readonly sql: string;
  /** Undefined when PostgreSQL's parser does not know it. */
  readonly tree: Tree | undefined;
  /** The tables it names, as they were before it, by the name it uses. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** Which transaction it was in; undefined of one that cannot be in any. */
  readonly transaction: number | undefined;
  /** The strongest lock that it took on each relation that was there before. */
  readonly locks: readonly Lock[];
  /** What earlier statements of its transaction hold. */
  readonly held: readonly Lock[];
  /** Tables whose rows were all written again. */
  readonly rewrites: readonly Relation[];
  /** Indexes that were built, of tables that were there before. */
  readonly builds: readonly Relation[];
  /** Tables that were read from beginning to end. */
  readonly scans: readonly Relation[];
  readonly drops: readonly Relation[];
  /** What the server says of its work at the level DEBUG1. */
  readonly messages: readonly string[];
  /** Why it failed; undefined when it did not. */
  readonly error: unknown;
}

/** Executes statements one after the other, and looks after each what it has done. */
export class Observer {
  #observed: Observed[] = [];
  readonly #relations: Map<number, Known>;
  readonly #scans = new Map<number, number>();
  #held = new Map<string, Lock>();
  #transaction: number | undefined;
  #transactions = 0;
  #newest: number;
  #messages: string[] = [];
  readonly #heard = new WeakSet<ObservedClient>();

  private constructor(
    private readonly parser: Parser,
    /** What has a greater number was made by what is judged. */
    private boundary: number,
    relations: Map<number, Known>,
  ) {
    this.#relations = relations;
    this.#newest = boundary;
  }

  static async open({ dataSource }: Shadow): Promise<Observer> {
    const relations = await withQueryRunner(dataSource, async (queryRunner) =>
      readRelations((await queryRunner.connect()) as ObservedClient),
    );
    return new Observer(await openParser(), Math.max(16_383, ...relations.keys()), relations);
  }

  /** What was observed since this was last asked. */
  take(): readonly Observed[] {
    const observed = this.#observed;
    this.#observed = [];
    return observed;
  }

  /** From now on, what is there counts as in use. */
  beginBatch(): void {
    this.boundary = this.#newest;
  }

  /** From now on, all that goes through the query runner is observed. */
  async attach(queryRunner: QueryRunner): Promise<void> {
    const client = (await queryRunner.connect()) as ObservedClient;
    const execute = queryRunner.query.bind(queryRunner) as (...args: readonly unknown[]) => Promise<unknown>;
    if (!this.#heard.has(client)) {
      this.#heard.add(client);
      client.on('notice', ({ severity, message }) => {
        if (severity === 'DEBUG') this.#messages.push(message ?? '');
      });
    }
    await client.query('SET plan_cache_mode = force_generic_plan');
    queryRunner.query = (async (sql: string, ...rest: readonly unknown[]) => {
      const pieces = this.parser.parse(sql);
      if (pieces === undefined || pieces.length < 2)
        return this.#observe(sql, pieces?.[0]?.tree, client, () => execute(sql, ...rest));
      let result: unknown;
      for (const piece of pieces)
        result = await this.#observe(piece.sql, piece.tree, client, () => execute(piece.sql, ...rest));
      return result;
    }) as QueryRunner['query'];
  }

  async #observe<T>(
    sql: string,
    tree: Tree | undefined,
    client: ObservedClient,
    execute: () => Promise<T>,
  ): Promise<T> {
    if (tree && tagOf(tree) === 'TransactionStmt') return this.#followTransaction(sql, execute);
    const tables = tree ? await readTables(client, namesIn(tree), this.boundary) : new Map<string, TableFacts>();
    const before = { sql, tree, tables, held: strongest(this.#held.values()) };
    this.#messages = [];
    return this.#transaction === undefined
      ? this.#inItsOwn(client, execute, before)
      : this.#inside(client, execute, before);
  }

  async #inside<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    const transaction = this.#transaction;
    await client.query('SET client_min_messages = debug1');
    try {
      const result = await execute();
      const messages = this.#messages;
      // Only around it: what is asked here would be remarked on too.
      await client.query('SET client_min_messages = notice');
      this.#observed.push({ ...before, transaction, ...(await this.#look(client)), messages, error: undefined });
      return result;
    } catch (error) {
      this.#observed.push({ ...before, ...nothing, transaction, messages: this.#messages, error });
      throw error;
    }
  }

  /** Outside of a transaction: in one of its own, since locks can be seen only as long as they are held. */
  async #inItsOwn<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    await client.query('BEGIN');
    this.#begin();
    const count = this.#observed.length;
    try {
      const result = await this.#inside(client, execute, before);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      // "… cannot run inside a transaction block"
      if (codeOf(error) !== '25001') throw error;
      this.#observed.length = count;
      return await this.#alone(client, execute, before);
    } finally {
      this.#end();
    }
  }

  /** Its locks cannot be seen: it lets go of them before anybody else can look. */
  async #alone<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    this.#messages = [];
    try {
      const result = await execute();
      const known = new Map(this.#relations);
      const now = await readRelations(client);
      this.#relations.clear();
      for (const [oid, relation] of now) this.#relations.set(oid, relation);
      this.#newest = Math.max(this.#newest, ...now.keys());
      const changed = [...now].filter(([oid, { file }]) => known.get(oid)?.file !== file).map(([oid]) => oid);
      const effects = this.#effects(changed);
      const drops = [...known].filter(([oid]) => !now.has(oid)).map(([oid, relation]) => this.#relation(oid, relation));
      this.#observed.push({
        ...before,
        ...nothing,
        ...effects,
        drops,
        transaction: undefined,
        messages: this.#messages,
        error: undefined,
      });
      return result;
    } catch (error) {
      this.#observed.push({ ...before, ...nothing, transaction: undefined, messages: this.#messages, error });
      throw error;
    }
  }

  async #followTransaction<T>(sql: string, execute: () => Promise<T>): Promise<T> {
    const result = await execute();
    if (/^\s*(?:BEGIN|START)\b/i.test(sql)) this.#begin();
    else if (/^\s*(?:COMMIT|END|ABORT|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b))/i.test(sql)) this.#end();
    return result;
  }

  #begin(): void {
    this.#transactions += 1;
    this.#transaction = this.#transactions;
    this.#held = new Map();
    this.#scans.clear();
  }

  #end(): void {
    this.#transaction = undefined;
    this.#held = new Map();
    this.#scans.clear();
  }

  /** One question: which relations are locked, what they are now, where their rows lie, how often they were scanned. */
  async #look(client: ObservedClient): Promise<Effects> {
    const rows = await ask(client, lookSql, [this.boundary, this.#newest]);
    const locks: Lock[] = [];
    const scans: Relation[] = [];
    const drops: Relation[] = [];
    const changed: number[] = [];
    for (const row of rows as unknown as readonly LookRow[]) {
      const oid = Number(row.oid);
      const known = this.#relations.get(oid);
      const isGone = row.name === null;
      if (isGone && known === undefined) continue;
      const now: Known = isGone ? (known as Known) : knownOf(row);
      const relation = this.#relation(oid, now);
      const mode = modeOf(row.mode);
      const key = `${oid} ${mode}`;
      if (!this.#held.has(key)) {
        const lock = { relation, mode };
        this.#held.set(key, lock);
        if (!relation.isNew) locks.push(lock);
      }
      if (isGone) {
        drops.push(relation);
        this.#relations.delete(oid);
        continue;
      }
      const scanned = Number(row.scans);
      if (scanned > (this.#scans.get(oid) ?? 0) && now.kind !== 'i' && now.kind !== 'I') scans.push(relation);
      this.#scans.set(oid, scanned);
      if (known?.file !== now.file) changed.push(oid);
      this.#relations.set(oid, now);
      this.#newest = Math.max(this.#newest, oid);
    }
    return { locks: strongest(locks), scans: unique(scans), drops: unique(drops), ...this.#effects(changed) };
  }

  #effects(changed: readonly number[]): Pick<Effects, 'rewrites' | 'builds'> {
    const relations = unique(
      changed.flatMap((oid) => {
        const known = this.#relations.get(oid);
        return known ? [this.#relation(oid, known)] : [];
      }),
    );
    return {
      rewrites: relations.filter(({ kind, isNew }) => !isNew && (kind === 'table' || kind === 'materialized view')),
      builds: relations.filter(({ kind, table }) => kind === 'index' && table !== undefined && table <= this.boundary),
    };
  }

  #relation(oid: number, { schema, name, kind, table }: Known): Relation {
    return { oid, schema, name, kind: relationKind(kind), table, isNew: oid > this.boundary };
  }
}

type Before = Pick<Observed, 'sql' | 'tree' | 'tables' | 'held'>;
type Effects = Pick<Observed, 'locks' | 'rewrites' | 'builds' | 'scans' | 'drops'>;
const nothing: Effects = { locks: [], rewrites: [], builds: [], scans: [], drops: [] };

function unique(relations: readonly Relation[]): readonly Relation[] {
  return [...new Map(relations.map((relation) => [relation.oid, relation])).values()];
}
