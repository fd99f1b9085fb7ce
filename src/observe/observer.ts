import type { QueryRunner } from 'typeorm';
import { codeOf } from '../errors.js';
import { withQueryRunner } from '../shadow/replay.js';
import type { ConnectedShadow } from '../shadow/connected.js';
import { interceptQueries } from '../typeorm/query-runner.js';
import type { ObservedClient } from './ask.js';
import { nameOf, namesIn, namesInBlock, readTables } from './catalog.js';
import type { TableFacts } from './catalog.js';
import { watchColumns } from './columns-now.js';
import type { Observed } from './observed.js';
import { nodeOf, openParser, tagOf, transactionStep } from './parser.js';
import type { Parser, Tree } from './parser.js';
import { RelationsInUse } from './relations-in-use.js';
import type { Effects } from './relations-in-use.js';
import { readRelations } from './relations-now.js';
import { ServerMessages } from './server-messages.js';

/** Executes statements one at a time, and records the effects of each. */
export class Observer {
  #observed: Observed[] = [];
  #transaction: number | undefined;
  #transactions = 0;
  #isMigration = false;
  readonly #messages = new ServerMessages();

  private constructor(
    private readonly parser: Parser,
    private readonly relations: RelationsInUse,
  ) {}

  static async open(shadow: ConnectedShadow): Promise<Observer> {
    return new Observer(await openParser(), new RelationsInUse(await relationsOf(shadow)));
  }

  /** After a migration was rolled back and executed again, its indexes have been rebuilt. */
  async catchUp(shadow: ConnectedShadow): Promise<void> {
    this.relations.catchUp(await relationsOf(shadow));
  }

  /** Returns the observations since the last call. */
  take(): readonly Observed[] {
    const observed = this.#observed;
    this.#observed = [];
    return observed;
  }

  /** From now on, all existing objects count as in use. */
  beginBatch(): void {
    this.relations.beginBatch();
  }

  /** From now on, every statement sent through the query runner is observed. */
  async attach(queryRunner: QueryRunner): Promise<void> {
    const client = (await queryRunner.connect()) as ObservedClient;
    this.#messages.listenTo(client);
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

  /** Statements executed meanwhile come from the migration; the ones around its transaction do not. */
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
        ? await readTables(
            client,
            [...namesIn(tree), ...(nodeOf(tree, 'DoStmt') ? namesInBlock(given.sql) : [])],
            this.relations.boundary,
          )
        : new Map<string, TableFacts>();
    const before = { ...given, tables, held: this.relations.held };
    this.#messages.forget();
    if (isTransactionStep) {
      if (this.#isMigration) this.#record(before, {});
      return this.#followTransaction(tree, client, execute);
    }
    return this.#transaction === undefined
      ? this.#inItsOwn(client, execute, before)
      : this.#inside(client, execute, before);
  }

  async #inside<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    try {
      // Not earlier, because SET TRANSACTION must precede any query.
      if (before.tree === undefined || tagOf(before.tree) !== 'VariableSetStmt')
        await this.relations.beginScans(client);
      const columnsGone = await watchColumns(client, before.tree, this.relations.boundary);
      await client.query('SET client_min_messages = debug1');
      const result = await execute();
      // Only during the statement, since our own queries would produce messages too.
      await client.query('SET client_min_messages = notice');
      const effects = await this.relations.look(client);
      const altered = await this.#altered(client, before.tree);
      this.#record(before, { ...effects, altered, columnsGone: await columnsGone() });
      return result;
    } catch (error) {
      this.#record(before, { error });
      throw error;
    }
  }

  /** Wraps a statement outside of a transaction in its own one, since locks are visible only while they are held. */
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

  /** Its locks cannot be observed, because it releases them at its end. */
  async #alone<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    this.#messages.forget();
    try {
      const columnsGone = await watchColumns(client, before.tree, this.relations.boundary);
      const result = await execute();
      const seen = { ...(await this.relations.lookAfterCommit(client)), columnsGone: await columnsGone() };
      this.#record(before, { ...seen, transaction: undefined });
      return result;
    } catch (error) {
      this.#record(before, { error, transaction: undefined });
      throw error;
    }
  }

  #record(before: Before, seen: Partial<Observed>): void {
    const unless = {
      altered: undefined,
      columnsGone: [],
      transaction: this.#transaction,
      ...this.#messages.ofStatement,
      error: undefined,
    };
    this.#observed.push({ ...nothing, ...unless, ...before, ...seen });
  }

  async #altered(client: ObservedClient, tree: Tree | undefined): Promise<TableFacts | undefined> {
    const range = nodeOf(tree, 'AlterTableStmt')?.relation;
    if (!range) return undefined;
    return (await readTables(client, [nameOf(range)], this.relations.boundary)).get(nameOf(range));
  }

  async #followTransaction<T>(tree: Tree, client: ObservedClient, execute: () => Promise<T>): Promise<T> {
    const result = await execute();
    const { begins, ends, undoes } = transactionStep(tree);
    if (ends) this.#end();
    if (begins) this.#begin();
    if (undoes) await this.relations.undo(client);
    return result;
  }

  #begin(): void {
    this.#end();
    this.#transactions += 1;
    this.#transaction = this.#transactions;
  }

  #end(): void {
    this.#transaction = undefined;
    this.relations.endTransaction();
  }
}

function relationsOf(shadow: ConnectedShadow): ReturnType<typeof readRelations> {
  return withQueryRunner(shadow, async (queryRunner) => readRelations((await queryRunner.connect()) as ObservedClient));
}

type Given = Pick<Observed, 'sql' | 'tree' | 'parameters'>;
type Before = Given & Pick<Observed, 'tables' | 'held'>;
const nothing: Effects = { locks: [], rewrites: [], builds: [], scans: [], drops: [] };
