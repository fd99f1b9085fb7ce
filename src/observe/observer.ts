import type { QueryRunner } from 'typeorm';
import { codeOf } from '../errors.js';
import { ask } from './ask.js';
import type { ObservedClient } from './ask.js';
import { namesIn, readTables } from './catalog.js';
import type { TableFacts } from './catalog.js';
import { openParser, tagOf } from './parser.js';
import type { Parser, Tree } from './parser.js';
import { isAtLeast, relationKind, strongest } from './relation.js';
import type { Lock, LockMode, Relation } from './relation.js';

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
  /** How many rows it would return or change, here where there are none or few. */
  readonly error: unknown;
}

/** Executes statements one after the other, and looks after each what it has done. */
export class Observer {
  readonly observed: Observed[] = [];
  readonly #relations: Map<number, Known>;
  readonly #scans = new Map<number, number>();
  #held = new Map<string, Lock>();
  #transaction: number | undefined;
  #transactions = 0;
  #newest: number;
  #messages: string[] = [];

  private constructor(
    private readonly parser: Parser,
    /** What has a greater number was made while somebody looked on. */
    private readonly boundary: number,
    relations: Map<number, Known>,
  ) {
    this.#relations = relations;
    this.#newest = boundary;
  }

  static async open(client: ObservedClient): Promise<Observer> {
    const relations = await readRelations(client);
    return new Observer(await openParser(), Math.max(16_383, ...relations.keys()), relations);
  }

  /** From now on, all that goes through the query runner is observed. */
  async attach(queryRunner: QueryRunner): Promise<void> {
    const client = (await queryRunner.connect()) as ObservedClient;
    const execute = queryRunner.query.bind(queryRunner) as (...args: readonly unknown[]) => Promise<unknown>;
    client.on('notice', ({ severity, message }) => {
      if (severity === 'DEBUG') this.#messages.push(message ?? '');
    });
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
      this.observed.push({ ...before, transaction, ...(await this.#look(client)), messages, error: undefined });
      return result;
    } catch (error) {
      this.observed.push({ ...before, ...nothing, transaction, messages: this.#messages, error });
      throw error;
    }
  }

  /** Outside of a transaction: in one of its own, since locks can be seen only as long as they are held. */
  async #inItsOwn<T>(client: ObservedClient, execute: () => Promise<T>, before: Before): Promise<T> {
    await client.query('BEGIN');
    this.#begin();
    const count = this.observed.length;
    try {
      const result = await this.#inside(client, execute, before);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      // "… cannot run inside a transaction block"
      if (codeOf(error) !== '25001') throw error;
      this.observed.length = count;
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
      this.observed.push({
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
      this.observed.push({ ...before, ...nothing, transaction: undefined, messages: this.#messages, error });
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

interface Known {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly table: number | undefined;
  /** Where its rows lie: another file after it was rewritten. */
  readonly file: number;
}

interface LookRow {
  readonly oid: string;
  readonly mode: string;
  readonly schema: string;
  readonly name: string | null;
  readonly kind: string;
  readonly table: string | null;
  readonly file: string;
  readonly scans: string;
}

function knownOf({ schema, name, kind, table, file }: LookRow): Known {
  return { schema, name: name ?? '', kind, table: table === null ? undefined : Number(table), file: Number(file) };
}

const columns = `n.nspname AS schema, c.relname AS name, c.relkind AS kind, i.indrelid::int8 AS table, c.relfilenode::int8 AS file`;

/** Of what is new only what was made since the last look: a table that nobody uses yet keeps nobody waiting. */
const lookSql = `SELECT l.relation::int8 AS oid, l.mode, ${columns}, coalesce(pg_stat_get_xact_numscans(l.relation), 0) AS scans
FROM pg_locks l
LEFT JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.granted AND l.relation >= 16384
  AND (l.relation <= $1 OR l.relation > $2) AND c.relkind IS DISTINCT FROM 't'`;

const relationsSql = `SELECT c.oid::int8 AS oid, ${columns}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND c.relkind <> 't'`;

async function readRelations(client: ObservedClient): Promise<Map<number, Known>> {
  const rows = await ask(client, relationsSql, []);
  return new Map((rows as unknown as readonly LookRow[]).map((row) => [Number(row.oid), knownOf(row)]));
}

/** `AccessExclusiveLock` → `ACCESS EXCLUSIVE` */
function modeOf(name: string): LockMode {
  return name
    .replace(/Lock$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase() as LockMode;
}

function unique(relations: readonly Relation[]): readonly Relation[] {
  return [...new Map(relations.map((relation) => [relation.oid, relation])).values()];
}

/** Whether somebody who uses the table now would have to wait for what is held. */
export function blocksSomebody({ mode }: Lock): boolean {
  return isAtLeast(mode, 'SHARE');
}
