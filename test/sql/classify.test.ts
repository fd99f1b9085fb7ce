import { beforeAll, describe, expect, it } from '@jest/globals';
import { apartAtEnds, classify, endsTransaction, splitSql } from '../../src/sql/index.js';
import { corpus } from '../lint/corpus/list.js';
import { classOfTree, openOracle, queriesOf } from '../support/sql-oracle.js';
import type { Oracle } from '../support/sql-oracle.js';

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});

/** Texts that a careless reader of SQL gets wrong. PostgreSQL's own parser says what they are. */
const hostile: readonly string[] = [
  // Transactions.
  '/* one /* two */ */ -- three\n begin',
  'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY',
  'start /* in the middle */ transaction',
  'COMMIT WORK AND CHAIN',
  'COMMIT AND NO CHAIN',
  'END TRANSACTION',
  'abort',
  'ROLLBACK WORK AND CHAIN',
  'ROLLBACK TO a',
  'rollback transaction to savepoint a',
  'SAVEPOINT "begin"',
  'RELEASE a',
  "PREPARE TRANSACTION 'a'",
  "COMMIT PREPARED 'a'",
  "ROLLBACK PREPARED 'a'",
  'PREPARE transaction_ AS SELECT 1',
  'BEGIN; UPDATE t SET a = 1; COMMIT',
  // What looks like one and is none.
  "SELECT 'x; COMMIT; y'",
  `SELECT 1 AS "; COMMIT"`,
  'SELECT $$; COMMIT; $$, $a$ $$; ROLLBACK; $a$',
  "SELECT E'it\\'s; COMMIT; '",
  "SELECT U&'\\0041; COMMIT'",
  "SELECT 'a'\n'; COMMIT'",
  'SELECT 1 /* ; COMMIT /* ; */ ; ROLLBACK */',
  'SELECT 1 -- ; COMMIT',
  'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
  "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN; RETURN NEW; END;'",
  'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT CASE WHEN true THEN 1 END; END; SELECT f()',
  'create or replace procedure p() begin atomic insert into t values (1); end; call p()',
  'CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b); SELECT 1',
  // What must run alone.
  'CREATE INDEX CONCURRENTLY ON t (a)',
  'create unique index /* so */ concurrently if not exists "Of a" on only public."T t" using btree (a)',
  'CREATE INDEX "CONCURRENTLY" ON t (a)',
  "CREATE INDEX i ON t (a) WHERE b = 'CONCURRENTLY'",
  'DROP INDEX CONCURRENTLY IF EXISTS a.b CASCADE',
  'DROP INDEX a, b',
  'REINDEX (VERBOSE) TABLE CONCURRENTLY t',
  'REINDEX (CONCURRENTLY) INDEX i',
  'REINDEX (CONCURRENTLY false) INDEX i',
  'REINDEX SCHEMA s',
  'REINDEX INDEX i',
  'VACUUM (ANALYZE) t',
  'ANALYZE t',
  'CLUSTER',
  'CLUSTER (VERBOSE)',
  'CLUSTER t USING i',
  'ALTER SYSTEM SET work_mem = 1',
  'ALTER DATABASE d SET TABLESPACE s',
  'ALTER DATABASE d SET work_mem = 1',
  'CREATE DATABASE d',
  'CREATE TABLESPACE s LOCATION $$/a$$',
  'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
  'ALTER TABLE t DETACH PARTITION p',
  'ALTER TABLE t DETACH PARTITION p FINALIZE',
  "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p",
  "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p WITH (connect = false)",
  'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
  'DISCARD ALL',
  'DISCARD PLANS',
  'DO $$ BEGIN COMMIT; END $$',
  "DO 'BEGIN IF true THEN ROLLBACK; END IF; END'",
  'DO $$ BEGIN PERFORM 1; -- COMMIT;\n END $$',
  "DO $$ BEGIN RAISE NOTICE '; COMMIT;'; END $$",
  'DO $$ DECLARE commit int; BEGIN commit := 1; SELECT commit INTO commit; END $$',
  'DO $$ BEGIN CALL p(); END $$',
  'DO LANGUAGE plpython3u $$ plpy.commit() $$',
  'CALL p()',
  // Settings.
  'SET LOCAL lock_timeout = 1',
  "set session statement_timeout to '1s'",
  'SET a.b = DEFAULT',
  'SET LOCAL TIME ZONE LOCAL',
  'SET SESSION AUTHORIZATION x',
  'SET LOCAL SESSION AUTHORIZATION DEFAULT',
  'SET SESSION SESSION AUTHORIZATION x',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
  'SET TRANSACTION READ ONLY',
  'SET CONSTRAINTS ALL DEFERRED',
  'SET ROLE x',
  "SET role = 'x'",
  "SET NAMES 'UTF8'",
  "SET SCHEMA 'a'",
  'SET XML OPTION DOCUMENT',
  'RESET "Work_Mem"',
  'RESET ALL',
  'RESET TIME ZONE',
  'RESET TRANSACTION ISOLATION LEVEL',
  // Reading and writing.
  '(SELECT 1) UNION (SELECT 2)',
  '((VALUES (1)))',
  'TABLE t',
  'SELECT * INTO n FROM t',
  'SELECT a FROM t FOR NO KEY UPDATE',
  'SELECT substring(a FROM 1 FOR 2) FROM t',
  'WITH a AS (SELECT 1) SELECT * FROM a',
  'WITH a AS MATERIALIZED (DELETE FROM t RETURNING *) SELECT * FROM a',
  'WITH a AS (WITH b AS (SELECT 1) INSERT INTO t SELECT * FROM b RETURNING 1) SELECT * FROM a',
  'WITH a AS (SELECT 1) INSERT INTO s.t SELECT * FROM a',
  'WITH RECURSIVE a AS (SELECT 1) UPDATE t SET x = 1',
  'EXPLAIN UPDATE t SET a = 1',
  'EXPLAIN (ANALYZE, VERBOSE) UPDATE t SET a = 1',
  'EXPLAIN ANALYZE SELECT 1',
  'SHOW ALL',
  'MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE',
  'COPY t FROM STDIN',
  'COPY t TO STDOUT',
  // What they are about.
  'CREATE TABLE IF NOT EXISTS "A"."b""c" (id int)',
  'CREATE TEMP TABLE t AS SELECT 1',
  'CREATE GLOBAL TEMPORARY TABLE t (id int)',
  'CREATE FOREIGN TABLE f (id int) SERVER s',
  'CREATE OR REPLACE RECURSIVE VIEW v (a) AS SELECT 1',
  'CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1',
  'CREATE CONSTRAINT TRIGGER c AFTER INSERT ON a.b FOR EACH ROW EXECUTE FUNCTION f()',
  'CREATE POLICY "p p" ON ONLY_ USING (true)',
  'DROP TRIGGER c ON a.b',
  'ALTER TABLE IF EXISTS ONLY Größe ADD COLUMN Ä int',
  'ALTER MATERIALIZED VIEW v RENAME TO w',
  'ALTER TYPE mood ADD VALUE $$x$$',
  'DROP OWNED BY x',
  "COMMENT ON COLUMN a.b.c IS 'x'",
  "COMMENT ON MATERIALIZED VIEW v IS 'x'",
  'UPDATE ONLY t AS x SET a = 1',
  'DELETE FROM u&"d\\0061t" WHERE true',
  'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"',
  'GRANT SELECT ON t TO x',
  'IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b',
];

describe('the kind of a statement, as PostgreSQL itself reads it', () => {
  it.each(hostile)('%s', (sql) => {
    expect(classify(sql)).toMatchObject(oracle(sql)?.map(classOfTree) ?? []);
  });

  it('in migrations of all kinds', async () => {
    const queries = await queriesOf(corpus);
    expect(queries.length).toBeGreaterThan(500);
    const parsed = queries.flatMap((sql) => {
      const statements = oracle(sql);
      return statements === undefined ? [] : [{ sql, statements }];
    });
    expect(parsed.length).toBeGreaterThan(queries.length * 0.98);
    const counts = parsed.filter(({ sql, statements }) => splitSql(sql).length !== statements.length);
    expect(counts.map(({ sql }) => sql)).toEqual([]);
    for (const { sql, statements } of parsed)
      expect({ sql, is: classify(sql) }).toMatchObject({ sql, is: statements.map(classOfTree) });
  });
});

it.each([
  ['COMMIT', 'COMMIT'],
  ['/* a; */ commit work ;', 'COMMIT'],
  ['-- done\nEND TRANSACTION', 'COMMIT'],
  ['ABORT', 'ROLLBACK'],
  ['ROLLBACK TO SAVEPOINT a', undefined],
  ['COMMIT AND CHAIN', undefined],
  [`COMMIT PREPARED 'a'`, undefined],
  [`PREPARE TRANSACTION 'a'`, undefined],
  ['COMMIT; SELECT 1', undefined],
  [`COMMENT ON TABLE a IS 'COMMIT'`, undefined],
  ['', undefined],
])('says how a message ends its transaction: %j', (sql, expected) => {
  expect(endsTransaction(sql)).toBe(expected);
});

it('takes only messages apart that end a transaction', () => {
  const body = 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; SELECT 1';
  for (const whole of ['SELECT 1; SELECT 2', 'COMMIT;', body, `SELECT 'a; COMMIT'; SELECT 1`])
    expect(apartAtEnds(whole)).toEqual([whole]);
  expect(apartAtEnds(`BEGIN; /* a; */ SELECT 'b;'; end ; SELECT 2 `)).toEqual([
    'BEGIN',
    `/* a; */ SELECT 'b;'`,
    'end',
    'SELECT 2',
  ]);
});
