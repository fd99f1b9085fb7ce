import type { SqlClient } from '../../src/database/sql-client.js';
import type { Observed } from '../../src/observe/observed.js';
import { isAtLeast } from '../../src/observe/relation.js';
import type { LockMode, Relation } from '../../src/observe/relation.js';
import { nothing } from './measured.js';
import type { Outcome } from './measured.js';

const letters: Readonly<Record<LockMode, string>> = {
  'ACCESS SHARE': 'AS',
  'ROW SHARE': 'RS',
  'ROW EXCLUSIVE': 'RX',
  'SHARE UPDATE EXCLUSIVE': 'SUX',
  SHARE: 'S',
  'SHARE ROW EXCLUSIVE': 'SRX',
  EXCLUSIVE: 'X',
  'ACCESS EXCLUSIVE': 'AX',
};

/** What of the messages of DEBUG1 and above was measured: which tables are read or written, and what goes or changes as well. */
const telling =
  /^(?:rewriting|verifying|validating|existing constraints|(?:drop|truncate) cascades|ALTER TABLE \/ ADD CONSTRAINT USING INDEX)/;

export interface Created {
  readonly name: string;
  /** As in pg_class. */
  readonly kind: string;
  /** Of an index that is filled: whether its table is new as well. */
  readonly ofNewTable: boolean;
}

/**
 * What was observed, in the words of measured.md. The observer leaves out the locks on objects that the statement itself creates and the
 * builds on new tables, since they block nothing: they are added from the catalog.
 */
export function outcomeOf(
  { error, locks, rewrites, builds, scans, messages }: Observed,
  created: readonly Created[],
): Outcome {
  if (error !== undefined) return { ...nothing, error: (error as Error).message };
  const isIndex = ({ kind }: Relation): boolean => kind === 'index';
  const newIndexes = created.filter(({ kind }) => /i/i.test(kind));
  const newTables = created.filter(({ kind }) => !/i/i.test(kind));
  const lockedIndexes = locks.filter(
    ({ relation, mode }) => isIndex(relation) && isAtLeast(mode, 'SHARE UPDATE EXCLUSIVE'),
  );
  const filled = newIndexes.filter(({ ofNewTable }) => ofNewTable);
  return {
    locks: [
      ...locks.flatMap(({ relation, mode }) => (isIndex(relation) ? [] : [`${relation.name}:${letters[mode]}`])),
      ...newTables.map(({ name }) => `${name}:AX`),
    ].sort(),
    // By name: a type change drops the index of its column and makes it again.
    indexLocks: new Set([...lockedIndexes.map(({ relation }) => relation.name), ...newIndexes.map(({ name }) => name)])
      .size,
    rewrites: namesOf(rewrites),
    builds: builds.length + filled.length,
    scans: namesOf(scans),
    messages: messages.filter((message) => telling.test(message)),
  };
}

export function namesOf(relations: readonly Relation[]): readonly string[] {
  return relations.map(({ name }) => name).sort();
}

export async function newestRelation(client: SqlClient): Promise<unknown> {
  const { rows } = await client.query('SELECT max(oid) AS newest FROM pg_class');
  return rows[0]?.['newest'];
}

export async function relationsSince(client: SqlClient, newest: unknown): Promise<readonly Created[]> {
  const { rows } = await client.query(
    `SELECT c.relname AS name, c.relkind AS kind, c.relkind = 'i' AND i.indrelid > $1 AS "ofNewTable"
     FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE c.oid > $1 AND c.relnamespace <> 'pg_toast'::regnamespace`,
    [newest],
  );
  return rows as unknown as readonly Created[];
}
