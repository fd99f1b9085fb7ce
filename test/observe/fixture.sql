-- What the statements of measured.md were measured on. It can be executed again, and begins anew then.
DROP SCHEMA IF EXISTS s2 CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE SCHEMA s2;

CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN posint AS int CHECK (value > 0);
CREATE SEQUENCE seq1;
CREATE FUNCTION f_immut() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION f_stable() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION f_vol() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 1; END';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';

CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent SELECT generate_series(1, 10);

CREATE TABLE t (
  id int PRIMARY KEY,
  a int,
  b text,
  nn int NOT NULL DEFAULT 0,
  s smallint,
  bi bigint,
  v50 varchar(50),
  ch char(5),
  n numeric,
  n102 numeric(10, 2),
  ts timestamp,
  ts3 timestamp(3),
  tz timestamptz,
  iv interval(3),
  vb varbit(8),
  inet_c cidr,
  js json,
  jb jsonb,
  m mood,
  r real,
  u uuid,
  d posint,
  pid int
);
INSERT INTO t
SELECT i, i, 'b' || i, i, i, i, 'v' || i, 'c', i, i, now(), now(), now(), '1 second', B'101', '10.0.0.0/8', '{}', '{}', 'ok', i,
  gen_random_uuid(), i, 1 + i % 10
FROM generate_series(1, 2000) i;
CREATE INDEX t_a_idx ON t (a);
CREATE INDEX t_b_idx ON t (b);
CREATE UNIQUE INDEX t_nn_uq ON t (nn);
CREATE INDEX t_v50_idx ON t (v50);
CREATE VIEW t_view AS SELECT id, a FROM t;
CREATE MATERIALIZED VIEW t_mv AS SELECT id, a FROM t;
CREATE UNIQUE INDEX t_mv_id ON t_mv (id);

CREATE TABLE part (id int, body text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
INSERT INTO part SELECT generate_series(0, 99);
CREATE TABLE part_new (id int, body text);

ANALYZE parent, t, t_mv, part;
