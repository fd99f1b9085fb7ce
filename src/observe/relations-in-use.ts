import type { ObservedClient } from './ask.js';
import type { Observed } from './observed.js';
import { strongest } from './relation.js';
import type { Lock, Relation } from './relation.js';
import { fullName, keyOf, readLocked, readRelations, readScans, relationOf, writtenSince } from './relations-now.js';
import type { Known } from './relations-now.js';

export type Effects = Pick<Observed, 'locks' | 'rewrites' | 'builds' | 'scans' | 'drops'>;

/** The relations of the shadow after the last statement, and the locks that its transaction holds. */
export class RelationsInUse {
  #relations: Map<number, Known>;
  #scans: Map<number, number> | undefined;
  #held = new Map<string, Lock>();
  #newest: number;
  /** Relations with a greater OID were created by the judged migrations. */
  #boundary: number;

  constructor(relations: Map<number, Known>) {
    this.#relations = relations;
    // Objects with smaller OIDs belong to the server.
    this.#boundary = Math.max(16_383, ...relations.keys());
    this.#newest = this.#boundary;
  }

  get boundary(): number {
    return this.#boundary;
  }

  /** The locks that earlier statements of the transaction hold. */
  get held(): readonly Lock[] {
    return strongest(this.#held.values());
  }

  /** From now on, all existing relations count as in use. */
  beginBatch(): void {
    this.#boundary = this.#newest;
  }

  /** Unobserved changes must not be attributed to the next statement. */
  catchUp(relations: Map<number, Known>): void {
    this.#relations = relations;
    this.#newest = Math.max(this.#newest, ...relations.keys());
  }

  /** The scan counts from before the transaction, which are read once. */
  async beginScans(client: ObservedClient): Promise<void> {
    this.#scans ??= await readScans(client);
  }

  endTransaction(): void {
    this.#held = new Map();
    this.#scans = undefined;
  }

  /** A rollback restores dropped relations and old files, and releases locks taken since the savepoint. */
  async undo(client: ObservedClient): Promise<void> {
    this.#relations = await readRelations(client);
    if (this.#held.size === 0) return;
    const held = new Set((await readLocked(client, { boundary: this.#boundary, newest: this.#boundary })).map(keyOf));
    this.#held = new Map([...this.#held].filter(([key]) => held.has(key)));
  }

  /** Reads in one query the locked relations, their current state, their files and their scan counts. */
  async look(client: ObservedClient): Promise<Effects> {
    const locks: Lock[] = [];
    const scans: Relation[] = [];
    const gone = new Map<number, Relation>();
    const there = new Map<number, Known>();
    const locked = await readLocked(client, { boundary: this.#boundary, newest: this.#newest });
    for (const { oid, mode, now, scans: scanned } of locked) {
      const known = now ?? this.#relations.get(oid);
      if (known === undefined) continue;
      const relation = relationOf(oid, known, this.#boundary);
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
    // Changing the type of a column recreates its indexes under the same names.
    const names = new Set([...there.values()].map(fullName));
    const drops = [...gone.values()].filter((relation) => !names.has(fullName(relation)));
    const effects = this.#effects(this.#relations, there);
    for (const oid of gone.keys()) this.#relations.delete(oid);
    for (const [oid, now] of there) this.#relations.set(oid, now);
    this.#newest = Math.max(this.#newest, ...there.keys());
    return { locks: strongest(locks), scans, drops, ...effects };
  }

  /** After a statement that commits by itself, its locks are already released, so only the resulting state is visible. */
  async lookAfterCommit(client: ObservedClient): Promise<Pick<Effects, 'rewrites' | 'builds' | 'drops'>> {
    const known = this.#relations;
    this.#relations = await readRelations(client);
    this.#newest = Math.max(this.#newest, ...this.#relations.keys());
    const gone = [...known].filter(([oid]) => !this.#relations.has(oid));
    const drops = gone.map(([oid, relation]) => relationOf(oid, relation, this.#boundary));
    return { ...this.#effects(known, this.#relations), drops };
  }

  #effects(before: ReadonlyMap<number, Known>, now: ReadonlyMap<number, Known>): Pick<Effects, 'rewrites' | 'builds'> {
    const relations = writtenSince(before, now).map(([oid, known]) => relationOf(oid, known, this.#boundary));
    return {
      rewrites: relations.filter(({ kind, isNew }) => !isNew && (kind === 'table' || kind === 'materialized view')),
      builds: relations.filter(({ kind, table }) => kind === 'index' && table !== undefined && table <= this.#boundary),
    };
  }
}
