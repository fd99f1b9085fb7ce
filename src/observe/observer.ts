import type { QueryRunner } from 'typeorm';
import { codeOf } from '../errors.js';
import { withQueryRunner } from '../shadow/replay.js';
import type { ConnectedShadow } from '../shadow/connected.js';
import { interceptQueries } from '../typeorm/query-runner.js';
import { cascadesIn } from './ask.js';
import type { ObservedClient } from './ask.js';
import { nameOf, namesIn, readTables } from './catalog.js';
import type { TableFacts } from './catalog.js';
import { watchColumns } from './columns-now.js';
import type { ColumnGone } from './columns-now.js';
import { nodeOf, openParser, tagOf, transactionStep } from './parser.js';
import type { Parser, Tree } from './parser.js';
import { strongest } from './relation.js';
import type { Lock, Relation } from './relation.js';
import { fullName, keyOf, readLocked, readRelations, readScans, relationOf, writtenSince } from './relations-now.js';
import type { Known } from './relations-now.js';

/** What a statement did, seen while it was executed on a throwaway database. */
export interface Observed {
  readonly sql: string;
  /** The values of `$1`, `$2`, …; undefined when there were none. */
  readonly parameters: readonly unknown[] | undefined;
  /** Undefined when PostgreSQL's parser does not know it. */
  readonly tree: Tree | undefined;
  /** The tables it names, as they were before it, by the name it uses. */
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** The table that an ALTER TABLE was about, as it is after it. */
  readonly altered: TableFacts | undefined;
  /** Of a statement whose form does not say it: the columns of tables in use that it has dropped or renamed. */
  readonly columnsGone: readonly ColumnGone[];
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
  /** What the server says of its work, from the level DEBUG1 on. */
  readonly messages: readonly string[];
  /** What a CASCADE has dropped as well, as the server calls it: `view v`, `column mood of table users`. */
  readonly cascades: readonly string[];
  /** Why it failed; undefined when it did not. */
  readonly error: unknown;
}

/** Executes statements one after the other, and looks after each what it has done. */
export class Observer {
  #observed: Observed[] = [];
  #relations: Map<number, Known>;
  #scans: Map<number, number> | undefined;
  #held = new Map<string, Lock>();
  #transaction: number | undefined;
  #transactions = 0;
  #newest: number;
  #messages: string[] = [];
  #cascades: string[] = [];
  #isMigration = false;
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

  static async open(shadow: ConnectedShadow): Promise<Observer> {
    const relations = await withQueryRunner(shadow, async (queryRunner) =>
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
    if (!this.#heard.has(client)) {
      this.#heard.add(client);
      client.on('notice', ({ message = '', detail = '' }) => {
        this.#messages.push(message);
        this.#cascades.push(...cascadesIn(`${message}\n${detail}`));
      });
    }
    await client.query('SET plan_cache_mode = force_generic_plan');
    interceptQueries(queryRunner, async (sql, given, execute) => {
      const parsed = this.parser.parse(sql) ?? [];
      const pieces = parsed.length > 1 ? parsed : [{ sql, tree: parsed[0]?.tree }];
      const parameters = given[0] as readonly unknown[] | undefined;
      let result: unknown;
      for (const piece of pieces)
        result = await this.#observe({ ...piece, parameters }, client, () => execute(piece.sql, ...given));
      return result;
    });
  }

  /** What is executed meanwhile was written in the migration; what begins and ends the transaction around it was not. */
  async duringMigration<T>(execute: () => Promise<T>): Promise<T> {
    this.#isMigration = true;
    try {
      return await execute();
    } finally {
      this.#isMigration = false;
    }
  }

  async #observe<T>(given: Given, client: ObservedClient, execute: () => Promise<T>): Promise<T> {
    const { tree } = given;
    const isTransactionStep = tree !== undefined && tagOf(tree) === 'TransactionStmt';
    const tables =
      tree && !isTransactionStep
        ? await readTables(client, namesIn(tree), this.boundary)
        : new Map<string, TableFacts>();
    const before = { ...given, tables, held: strongest(this.#held.values()) };
    this.#messages = [];
    this.#cascades = [];
    if (isTransactionStep) {
      if (this.#isMigration) this.#note(before, {});
      return this.#followTransaction(tree, client, execute);
    }
    return this.#transaction === undefined
      ? this.#inItsOwn(client, execute, before)
      : this.#inside(client, execute, before);
  }

  async #inside<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    try {
      // Not sooner: SET TRANSACTION must come before any question.
      if (before.tree === undefined || tagOf(before.tree) !== 'VariableSetStmt')
        this.#scans ??= await readScans(client);
      const columnsGone = await watchColumns(client, before.tree, this.boundary);
      await client.query('SET client_min_messages = debug1');
      const result = await execute();
      // Only around it: what is asked here would be remarked on too.
      await client.query('SET client_min_messages = notice');
      const effects = await this.#look(client);
      const altered = await this.#altered(client, before.tree);
      this.#note(before, { ...effects, altered, columnsGone: await columnsGone() });
      return result;
    } catch (error) {
      this.#note(before, { error });
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
      // "… cannot run inside a transaction block", "invalid transaction termination"
      if (!['25001', '2D000'].includes(codeOf(error) ?? '')) throw error;
      this.#observed.length = count;
      return await this.#alone(client, execute, before);
    } finally {
      this.#end();
    }
  }

  /** Its locks cannot be seen: it lets go of them before anybody else can look. */
  async #alone<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    this.#messages = [];
    this.#cascades = [];
    try {
      const columnsGone = await watchColumns(client, before.tree, this.boundary);
      const result = await execute();
      const known = this.#relations;
      this.#relations = await readRelations(client);
      this.#newest = Math.max(this.#newest, ...this.#relations.keys());
      const gone = [...known].filter(([oid]) => !this.#relations.has(oid));
      const drops = gone.map(([oid, relation]) => relationOf(oid, relation, this.boundary));
      const seen = { ...this.#effects(known, this.#relations), drops, columnsGone: await columnsGone() };
      this.#note(before, { ...seen, transaction: undefined });
      return result;
    } catch (error) {
      this.#note(before, { error, transaction: undefined });
      throw error;
    }
  }

  #note(before: Before, seen: Partial<Observed>): void {
    const [messages, cascades] = [this.#messages, this.#cascades];
    const unless = {
      altered: undefined,
      columnsGone: [],
      transaction: this.#transaction,
      messages,
      cascades,
      error: undefined,
    };
    this.#observed.push({ ...nothing, ...unless, ...before, ...seen });
  }

  async #altered(client: ObservedClient, tree: Tree | undefined): Promise<TableFacts | undefined> {
    const range = nodeOf(tree, 'AlterTableStmt')?.relation;
    if (!range) return undefined;
    return (await readTables(client, [nameOf(range)], this.boundary)).get(nameOf(range));
  }

  async #followTransaction<T>(tree: Tree, client: ObservedClient, execute: () => Promise<T>): Promise<T> {
    const result = await execute();
    const { begins, ends, undoes } = transactionStep(tree);
    if (ends) this.#end();
    if (begins) this.#begin();
    if (undoes) await this.#undo(client);
    return result;
  }

  /** What was dropped is there again, what was rewritten lies where it lay, what was locked since a savepoint is free. */
  async #undo(client: ObservedClient): Promise<void> {
    this.#relations = await readRelations(client);
    if (this.#held.size === 0) return;
    const held = new Set((await readLocked(client, { boundary: this.boundary, newest: this.boundary })).map(keyOf));
    this.#held = new Map([...this.#held].filter(([key]) => held.has(key)));
  }

  #begin(): void {
    this.#end();
    this.#transactions += 1;
    this.#transaction = this.#transactions;
  }

  #end(): void {
    this.#transaction = undefined;
    this.#held = new Map();
    this.#scans = undefined;
  }

  /** One question: which relations are locked, what they are now, where their rows lie, how often they were scanned. */
  async #look(client: ObservedClient): Promise<Effects> {
    const locks: Lock[] = [];
    const scans: Relation[] = [];
    const gone = new Map<number, Relation>();
    const there = new Map<number, Known>();
    const locked = await readLocked(client, { boundary: this.boundary, newest: this.#newest });
    for (const { oid, mode, now, scans: scanned } of locked) {
      const known = now ?? this.#relations.get(oid);
      if (known === undefined) continue;
      const relation = relationOf(oid, known, this.boundary);
      const key = keyOf({ oid, mode });
      if (!this.#held.has(key)) {
        this.#held.set(key, { relation, mode });
        if (!relation.isNew) locks.push({ relation, mode });
      }
      if (now) there.set(oid, now);
      else gone.set(oid, relation);
      if (relation.kind !== 'index' && scanned > (this.#scans?.get(oid) ?? 0)) scans.push(relation);
      this.#scans?.set(oid, scanned);
    }
    // A change of a column's type makes its indexes again, under their names.
    const names = new Set([...there.values()].map(fullName));
    const drops = [...gone.values()].filter((relation) => !names.has(fullName(relation)));
    const effects = this.#effects(this.#relations, there);
    for (const oid of gone.keys()) this.#relations.delete(oid);
    for (const [oid, now] of there) this.#relations.set(oid, now);
    this.#newest = Math.max(this.#newest, ...there.keys());
    return { locks: strongest(locks), scans, drops, ...effects };
  }

  #effects(before: ReadonlyMap<number, Known>, now: ReadonlyMap<number, Known>): Pick<Effects, 'rewrites' | 'builds'> {
    const relations = writtenSince(before, now).map(([oid, known]) => relationOf(oid, known, this.boundary));
    return {
      rewrites: relations.filter(({ kind, isNew }) => !isNew && (kind === 'table' || kind === 'materialized view')),
      builds: relations.filter(({ kind, table }) => kind === 'index' && table !== undefined && table <= this.boundary),
    };
  }
}

type Given = Pick<Observed, 'sql' | 'tree' | 'parameters'>;
type Before = Given & Pick<Observed, 'tables' | 'held'>;
type Effects = Pick<Observed, 'locks' | 'rewrites' | 'builds' | 'scans' | 'drops'>;
const nothing: Effects = { locks: [], rewrites: [], builds: [], scans: [], drops: [] };
