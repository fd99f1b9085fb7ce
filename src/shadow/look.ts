import type { QueryRunner } from 'typeorm';
import { affectedSql, catalogSql, changedRelations, elsewhereSql } from '../schema/catalog-changes.js';
import type { CatalogState } from '../schema/catalog-changes.js';
import { fingerprintSql, partOfFingerprintSql } from '../schema/fingerprint-sql.js';
import { fingerprintOf, withReread } from '../schema/fingerprint.js';
import type { Fingerprint, FingerprintRow } from '../schema/fingerprint.js';
import { withQueryRunner } from './replay.js';
import type { ConnectedShadow } from './connected.js';

/** The state of a database, with the data needed to detect later changes. */
export interface Look {
  readonly fingerprint: Fingerprint;
  readonly catalog: CatalogState;
}

export function lookAt(shadow: ConnectedShadow, earlier?: Look): Promise<Look> {
  return withQueryRunner(shadow, (queryRunner) => lookAside(queryRunner, earlier));
}

/** Reads in a separate transaction. */
export async function lookAside(queryRunner: QueryRunner, earlier?: Look): Promise<Look> {
  await queryRunner.startTransaction();
  try {
    return await look(queryRunner, earlier);
  } finally {
    await queryRunner.rollbackTransaction();
  }
}

/**
 * Reads what the database is like, in a transaction that will be rolled back. With an earlier look at the same database only what may have
 * changed since then is read: nearly all of the time goes into the texts, and a migration changes few of them.
 */
export async function look(queryRunner: QueryRunner, earlier?: Look): Promise<Look> {
  const elsewhere = await prepare(queryRunner);
  // Read before the definitions, so that a concurrent change counts as later.
  const since = earlier ? `'${earlier.catalog.now}'` : 'NULL';
  const catalog = await ask<CatalogState>(queryRunner, 'catalog', `(${since}, '{${elsewhere.join(',')}}')`);
  return { catalog, fingerprint: await fingerprint(queryRunner, catalog, earlier) };
}

async function fingerprint(queryRunner: QueryRunner, catalog: CatalogState, earlier?: Look): Promise<Fingerprint> {
  const changed = earlier && changedRelations(earlier.catalog, catalog);
  if (earlier === undefined || changed === undefined) return wholeFingerprint(queryRunner);
  if (changed.length === 0) return earlier.fingerprint;
  const { affected } = await ask<{ readonly affected: readonly string[] }>(queryRunner, 'affected', listed(changed));
  if (affected.includes('0')) return wholeFingerprint(queryRunner);
  // An index is read with its table; what is said of it by COMMENT is its own.
  const reread = [...changed, ...affected];
  const { found } = await ask<Found>(queryRunner, 'part', listed(reread));
  return withReread(earlier.fingerprint, reread, fingerprintOf(found));
}

async function wholeFingerprint(queryRunner: QueryRunner): Promise<Fingerprint> {
  const { found } = await ask<Found>(queryRunner, 'whole');
  return fingerprintOf(found);
}

interface Found {
  readonly found: readonly FingerprintRow[] | null;
}

/** How to find the answer takes PostgreSQL as long as finding it, and it would think about it for each migration. */
const questions = {
  catalog: `(text, xid[]) AS ${catalogSql}`,
  affected: `(oid[]) AS ${affectedSql}`,
  part: `(oid[]) AS ${partOfFingerprintSql}`,
  whole: `AS ${fingerprintSql}`,
};

const prefix = 'nest_migrate_';

/** Returns the running transactions of other databases on the server. */
async function prepare(queryRunner: QueryRunner): Promise<readonly string[]> {
  // Qualifies every name and normalises output settings, whatever the migration has set, so that temporary objects hide nothing.
  await queryRunner.query(
    'RESET ALL; SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL plan_cache_mode TO force_generic_plan',
  );
  // Checked each time, because a migration may have executed DEALLOCATE ALL.
  const [asked] = (await queryRunner.query(`SELECT ARRAY(SELECT name FROM pg_prepared_statements) AS names,
    ${elsewhereSql} AS elsewhere`)) as readonly [
    { readonly names: readonly string[]; readonly elsewhere: readonly string[] },
  ];
  const missing = Object.entries(questions).filter(([question]) => !asked.names.includes(prefix + question));
  for (const [question, sql] of missing) await queryRunner.query(`PREPARE ${prefix}${question} ${sql}`);
  return asked.elsewhere;
}

/** The values are numbers that PostgreSQL has returned. */
const listed = (relations: readonly string[]): string => `('{${relations.join(',')}}')`;

/** Each query returns one row. */
async function ask<T>(queryRunner: QueryRunner, question: keyof typeof questions, argument = ''): Promise<T> {
  const [answer] = (await queryRunner.query(`EXECUTE ${prefix}${question}${argument}`)) as readonly [T];
  return answer;
}
