import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { engine } from '../../src/schema/engine.js';
import { lighter, withLighterQueries } from '../../src/schema/engine-queries.js';
import { readMembers } from '../../src/schema/unqualified.js';
import { createDatabase, createRole } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';

/** One object of each kind that others depend on, in schemas of their own and in public. */
const everything = `CREATE SCHEMA app; CREATE EXTENSION citext; CREATE EXTENSION hstore SCHEMA app; CREATE EXTENSION postgres_fdw;
  CREATE TYPE state AS ENUM ('new', 'old'); CREATE DOMAIN app.amount AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a app.amount, b state[]);
  CREATE TYPE span AS RANGE (subtype = timestamp); CREATE SEQUENCE app.counter;
  CREATE COLLATION app.plain FROM "C";
  CREATE FUNCTION twice(app.amount) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
  CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = '0');
  CREATE TABLE post (id int PRIMARY KEY DEFAULT nextval('app.counter'), title citext UNIQUE, price app.amount, states state[], place pair,
    half int GENERATED ALWAYS AS (twice(id)) STORED, name text COLLATE app.plain, tags app.hstore, during span,
    EXCLUDE USING gist (during WITH &&), CHECK (twice(price) < 100));
  CREATE TABLE app.comment (id serial PRIMARY KEY, "post id" int REFERENCES post (id)) ;
  CREATE INDEX by_twice ON post (twice(id)) WHERE price > 1;
  CREATE TABLE app.part (id int, at date) PARTITION BY RANGE (at); CREATE TABLE app.part_1 PARTITION OF app.part DEFAULT;
  CREATE VIEW titles AS SELECT p.id, p.title, c.id AS comment FROM post p JOIN app.comment c ON c."post id" = p.id;
  CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) FROM titles;
  CREATE VIEW columns AS SELECT column_name FROM information_schema.columns;
  CREATE FUNCTION of_post(post) RETURNS SETOF titles LANGUAGE sql AS 'SELECT * FROM titles';
  CREATE RULE nothing AS ON DELETE TO post DO INSTEAD NOTHING;
  CREATE TRIGGER acting BEFORE UPDATE ON post FOR EACH ROW WHEN (NEW.price > 1) EXECUTE FUNCTION act();
  CREATE POLICY cheap ON post USING (twice(price) < 10); CREATE PUBLICATION posts FOR TABLE post;
  CREATE EVENT TRIGGER telling ON ddl_command_end EXECUTE FUNCTION told();
  CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE app.far (id int, state state) SERVER other`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await database.query(everything);
});
afterAll(() => database.drop());

interface Pool {
  connect(): Promise<unknown>;
}

/** The one connection, which keeps the queries. */
function poolOf(client: pg.Client, asked: string[] = []): Pool {
  const query = (sql: string): Promise<unknown> => {
    asked.push(sql);
    return client.query(sql);
  };
  return { connect: () => Promise.resolve({ query, release: () => undefined }) };
}

const extracted = async (pool: Pool): Promise<readonly [string[], string[]]> => {
  const { factBase } = await (await engine()).extract(pool);
  return [factBase.facts().map((fact) => JSON.stringify(fact)), factBase.edges.map((edge) => JSON.stringify(edge))];
};

describe('the lighter queries of the engine', () => {
  it('find the same objects and dependencies', async () => {
    const pool = poolOf(await database.client());
    const [facts, edges] = await extracted(pool);
    const [lightFacts, lightEdges] = await extracted(withLighterQueries(pool));
    expect(lightFacts).toEqual(facts);
    expect(lightEdges.toSorted()).toEqual(edges.toSorted());
    expect(edges.length).toBeGreaterThan(100);
  });

  it('are two of them, and the dependencies are those of users', async () => {
    const client = await database.client();
    const asked: string[] = [];
    await extracted(poolOf(client, asked));
    const changed = asked.filter((sql) => lighter(sql) !== sql);
    expect(changed.map((sql) => /dependent|jit/.exec(sql)?.[0])).toEqual(['jit', 'dependent']);
    const [jit = '', dependencies = ''] = changed.map(lighter);
    expect(jit).toBe('SET LOCAL jit = off');
    expect(dependencies.match(/SELECT objid FROM endpoints/g)).toHaveLength(6);
    const { rows } = await client.query<{ readonly dependent: { readonly schema?: string } | null }>(dependencies);
    expect(rows.length).toBeLessThan(1000);
    expect(rows.filter(({ dependent }) => dependent?.schema === 'pg_catalog')).toEqual([]);
  });

  it('are not compiled, for a role that is not a superuser either', async () => {
    const role = await createRole();
    const client = await database.client();
    await client.query(`SET ROLE ${role.name}`);
    const settings: unknown[] = [];
    const query = async (sql: string): Promise<unknown> => {
      if (sql.includes('AS dependent')) settings.push(...(await client.query('SHOW jit')).rows);
      return client.query(sql);
    };
    const pool = { connect: () => Promise.resolve({ query, release: () => undefined }) };
    await extracted(pool);
    await extracted(withLighterQueries(pool));
    expect(settings).toEqual([{ jit: 'on' }, { jit: 'off' }]);
    expect((await client.query('SHOW jit')).rows).toEqual([{ jit: 'on' }]);
    await client.end();
    await role.drop();
  });
});

it('members of extensions are found only in the search path', async () => {
  const client = await database.client();
  const members = await readMembers(client);
  expect([...members.keys()]).toEqual(['public']);
  expect([...(members.get('public') ?? [])]).toEqual(
    expect.arrayContaining(['citext', 'citext_eq', '~~*', 'citext_ops', 'regexp_match']),
  );
  expect(members.get('public')).not.toContain('hstore');
  await client.query('SET search_path TO app');
  const others = await readMembers(client);
  expect([...others.keys()]).toEqual(['app']);
  expect(others.get('app')).toContain('hstore_to_json');
});
