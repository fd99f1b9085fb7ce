import { test } from '@jest/globals';
import pg from 'pg';
import { createDatabase } from './support/database.js';
import { readSchema } from '../src/schema/read.js';
import { compareSchemas } from '../src/schema/compare.js';
import { describeObject } from '../src/schema/object-id.js';
async function schema(sql: string) {
  const d = await createDatabase();
  await d.query(sql);
  const pool = new pg.Pool({ connectionString: d.url });
  const s = await readSchema(pool, { ignoreTables: [] });
  await pool.end();
  await d.drop();
  return s;
}
test('x', async () => {
  const a = await schema(
    `create type m as enum ('a','b','c'); create table t (id serial primary key, c text unique, d int references t(id) check (d>0), m m default 'a', n m[] default '{a}', g text generated always as (upper(c)) stored); create view v as select m from t; create index i on t (m); create index j on t (upper(c)); create unique index k on t (c) where d > 1;`,
  );
  const b = await schema(
    `create type m as enum ('c','b'); create table t (id serial primary key, c varchar(3) unique, d int references t(id) check (d>0), m m default 'b', n m[] default '{b}', g text generated always as (upper(c)) stored); create view v as select m from t; create index i on t (m); create index j on t (upper(c)); create unique index k on t (c) where d > 1;`,
  );
  for (const o of a.objects) console.log(describeObject(o.id), '->', a.needs(o.id).map(describeObject).join(', '));
  for (const c of await compareSchemas(a, b))
    console.log(
      JSON.stringify({
        sql: c.sql,
        verb: c.verb,
        creates: c.creates.map(describeObject),
        drops: c.drops.map(describeObject),
        uses: c.uses.map(describeObject),
        l: c.losesData,
      }),
    );
});
