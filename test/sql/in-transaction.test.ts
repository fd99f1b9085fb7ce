import { beforeAll, expect, it } from '@jest/globals';
import { inTransaction } from '../../src/sql/index.js';
import { classOfTree, openOracle } from '../support/sql-oracle.js';
import type { Oracle } from '../support/sql-oracle.js';

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});

// PostgreSQL's own parser says whether what is left can be executed in a transaction, and is about the same.
it.each([
  'CREATE INDEX CONCURRENTLY ON t (a)',
  '/* CONCURRENTLY */ create unique index -- CONCURRENTLY\n concurrently if not exists "CONCURRENTLY" on t (a)',
  'DROP INDEX CONCURRENTLY IF EXISTS a.b CASCADE',
  'REINDEX (VERBOSE) TABLE CONCURRENTLY t',
  'REINDEX INDEX CONCURRENTLY i',
  'REINDEX (CONCURRENTLY) INDEX i',
  'REINDEX (CONCURRENTLY on, VERBOSE) INDEX i',
  'REINDEX (VERBOSE, CONCURRENTLY TRUE) INDEX i',
  'ALTER TABLE a.t DETACH PARTITION p CONCURRENTLY',
  'DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$',
  'DO LANGUAGE plpgsql $a$ BEGIN LOOP COMMIT AND CHAIN; IF true THEN COMMIT; ELSE COMMIT AND NO CHAIN; END IF; END LOOP; END $a$',
  'DO $$ BEGIN BEGIN COMMIT; END; <<l>> LOOP /* ; */ COMMIT /* ; */ ; EXIT l; END LOOP; END $$ LANGUAGE plpgsql',
])('%s', (sql) => {
  const [before, after] = [sql, inTransaction(sql)?.sql ?? ''].map((text) => oracle(text)?.map(classOfTree));
  expect(before).toMatchObject([{ runsAlone: 'always' }]);
  const runsAlone = sql.startsWith('REINDEX') ? 'perhaps' : 'never';
  expect(after).toEqual(before?.map((is) => ({ ...is, runsAlone, concurrently: false })));
  expect(inTransaction(sql)?.sql).toHaveLength(sql.length);
});

it.each([
  'CREATE INDEX "CONCURRENTLY" ON t (a)',
  `CREATE INDEX i ON t (a) WHERE b = 'CONCURRENTLY'`,
  'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
  'VACUUM t',
  'CALL p()',
  'DO $$ BEGIN ROLLBACK; END $$',
  `DO $$ BEGIN RAISE NOTICE '; COMMIT;'; END $$`,
  'DO $$ DECLARE commit int; BEGIN commit := 1; SELECT commit INTO commit; END $$',
  'DO LANGUAGE plpython3u $$ COMMIT; $$',
  '',
])('removes nothing from: %s', (sql) => {
  expect(inTransaction(sql)).toBeUndefined();
});
