import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, ViewColumn, ViewEntity } from 'typeorm';
import type { EntitySchema } from 'typeorm';
import pg from 'pg';
import type { GenerateOptions } from '../../src/commands/generate/types.js';
import { createDatabase, createRole, serverVersion } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { migrationsIn, writeByHand } from '../support/evolve.js';
import { failureOf } from '../support/migrations.js';
import { entity } from './cases/case.js';
import { createFolder } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { itInFull, sample } from '../support/sample.js';

type Role = Awaited<ReturnType<typeof createRole>>;
/** Who migrates is no superuser and not the app, and one of those to whom things may belong; `other` has rights on all that is new. */
const words = ['migrator', 'owner', 'app', 'reader', 'other'] as const;

interface Case {
  readonly name: string;
  readonly before: readonly EntitySchema[];
  readonly after: readonly EntitySchema[];
  readonly options?: Partial<GenerateOptions>;
  readonly hand?: readonly string[];
  /** What the administrator of the database does after the first run; roles by their words. */
  readonly given: readonly string[];
  /** What is called otherwise afterwards. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** What the app does by the old names, while the old version is running, and by the new ones. */
  readonly old?: readonly string[];
  readonly new?: readonly string[];
}

const text = { type: 'text' } as const;
const view = (name: string, expression: string, materialized = false): EntitySchema => {
  @ViewEntity({ name, expression, materialized })
  class View {
    @ViewColumn() a!: string;
  }
  return View as unknown as EntitySchema;
};
const t = entity('t', { a: text, b: text });
const kinds = (...values: string[]) => entity('t', { a: text, kind: { type: 'enum', enum: values, enumName: 'kind' } });

const cases: readonly Case[] = [
  {
    name: 'a view with other columns',
    before: [t, view('v', 'SELECT a, b FROM t')],
    after: [t, view('v', 'SELECT b, a FROM t')],
    given: [
      'ALTER VIEW v OWNER TO owner',
      'GRANT SELECT, INSERT ON v TO app WITH GRANT OPTION',
      'GRANT SELECT (a), UPDATE (b) ON v TO reader',
      'GRANT SELECT ON v TO PUBLIC',
      'REVOKE DELETE ON v FROM owner',
      'ALTER VIEW v SET (security_barrier = true, check_option = cascaded)',
      "COMMENT ON VIEW v IS 'it''s live'",
      "COMMENT ON COLUMN v.a IS 'of a'",
    ],
    old: ['SELECT a FROM v', `INSERT INTO v (a, b) VALUES ('n', 'n')`],
    new: ['SELECT b, a FROM v', `INSERT INTO v (a, b) VALUES ('n', 'n')`],
  },
  {
    name: 'views on a column of another type, in a change of many files',
    before: [
      entity('t', { a: { type: 'varchar', length: 10 }, b: text }),
      view('v', 'SELECT a FROM t'),
      view('w', 'SELECT a FROM v'),
    ],
    after: [
      entity('t', { a: { type: 'varchar', length: 20 }, b: text, c: text }),
      view('v', 'SELECT a, c FROM t'),
      view('w', 'SELECT a FROM v'),
    ],
    options: { backfills: ['t.c=a || b'] },
    given: [
      'GRANT SELECT ON v TO app, owner',
      'GRANT SELECT (a) ON w TO app',
      "COMMENT ON VIEW w IS 'w'",
      'ALTER VIEW w OWNER TO owner',
    ],
    old: ['SELECT a FROM v', 'SELECT a FROM w'],
    new: ['SELECT a, c FROM v', 'SELECT a FROM w'],
  },
  {
    name: 'a materialized view',
    before: [t, view('m', 'SELECT a FROM t', true)],
    after: [t, view('m', 'SELECT b AS a FROM t', true)],
    given: [
      'GRANT SELECT ON m TO app',
      'ALTER MATERIALIZED VIEW m SET (fillfactor = 70)',
      "COMMENT ON MATERIALIZED VIEW m IS 'm'",
    ],
    old: ['SELECT a FROM m'],
    new: ['SELECT a FROM m'],
  },
  {
    name: 'a view that becomes a materialized one',
    before: [t, view('v', 'SELECT a FROM t')],
    after: [t, view('v', 'SELECT a FROM t', true)],
    given: ['GRANT SELECT ON v TO app', 'ALTER VIEW v OWNER TO owner'],
    old: ['SELECT a FROM v'],
    new: ['SELECT a FROM v'],
  },
  {
    name: 'an enum that loses a value, with a function and a view that use it',
    before: [kinds('x', 'y', 'z'), view('v', 'SELECT a, kind FROM t')],
    after: [kinds('x', 'y'), view('v', 'SELECT a, kind FROM t')],
    options: { allowDestructive: true },
    hand: [
      "CREATE FUNCTION of_kind(kind) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM t WHERE kind = $1'",
      "COMMENT ON FUNCTION of_kind(kind) IS 'known'",
    ],
    given: [
      'REVOKE ALL ON FUNCTION of_kind FROM PUBLIC',
      'GRANT EXECUTE ON FUNCTION of_kind TO app',
      'ALTER FUNCTION of_kind OWNER TO owner',
      'REVOKE ALL ON TYPE kind FROM PUBLIC',
      'GRANT USAGE ON TYPE kind TO app',
      'ALTER TYPE kind OWNER TO owner',
      "COMMENT ON TYPE kind IS 'kinds'",
      'GRANT SELECT (kind) ON v TO app',
    ],
    old: [`SELECT of_kind('x')`, 'SELECT kind FROM v'],
    new: [`SELECT of_kind('x')`, 'SELECT kind FROM v'],
  },
  {
    name: 'a column of another type, through a second one',
    before: [entity('t', { n: { type: 'int' }, a: text })],
    after: [entity('t', { n: { type: 'bigint' }, a: text })],
    given: [
      'GRANT SELECT (n), INSERT (n), UPDATE (n, a) ON t TO app',
      "COMMENT ON COLUMN t.n IS 'how many'",
      'ALTER TABLE t ALTER n SET STATISTICS 500',
      'ALTER TABLE t ALTER n SET (n_distinct = 7)',
    ],
    old: ['SELECT n FROM t', 'UPDATE t SET n = 5'],
    new: ['SELECT n FROM t', 'UPDATE t SET n = 5'],
  },
  {
    name: 'a generated column with another expression',
    before: [entity('t', { a: text, g: { ...text, asExpression: 'upper(a)', generatedType: 'STORED' } })],
    after: [entity('t', { a: text, g: { ...text, asExpression: 'lower(a)', generatedType: 'STORED' } })],
    given: ['GRANT SELECT (g) ON t TO app WITH GRANT OPTION', "COMMENT ON COLUMN t.g IS 'generated'"],
    old: ['SELECT g FROM t'],
    new: ['SELECT g FROM t'],
  },
  {
    name: 'a column that is renamed',
    before: [t],
    after: [entity('t', { a: text, c: text })],
    options: { renames: ['t.b=c'] },
    renamed: { 't.b': 't.c' },
    given: [
      'GRANT SELECT (id, b), INSERT (b, a), UPDATE (b) ON t TO app WITH GRANT OPTION',
      "COMMENT ON COLUMN t.b IS 'b'",
      'ALTER TABLE t ALTER b SET STATISTICS 500',
    ],
    old: ['SELECT id, b FROM t', `INSERT INTO t (a, b) VALUES ('n', 'n')`, `UPDATE t SET b = 'o' RETURNING b`],
    new: ['SELECT id, c FROM t', `INSERT INTO t (a, c) VALUES ('n', 'n')`, `UPDATE t SET c = 'o' RETURNING c`],
  },
  {
    name: 'a column that becomes a serial',
    before: [entity('t', { a: text, n: { type: 'int', nullable: true } })],
    after: [entity('t', { a: text, n: { type: 'int', generated: 'increment' } })],
    options: { backfills: ['t.n=id'] },
    given: ['ALTER TABLE t OWNER TO owner', 'GRANT INSERT (a, n) ON t TO app'],
    old: [`INSERT INTO t (a, n) VALUES ('o', 1)`],
    new: [`INSERT INTO t (a) VALUES ('n')`],
  },
  {
    name: 'a serial column that is added',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, n: { type: 'int', generated: 'increment' } })],
    given: ['ALTER TABLE t OWNER TO owner', 'GRANT INSERT ON t TO app'],
    old: [`INSERT INTO t (a) VALUES ('o')`],
    new: [`INSERT INTO t (a) VALUES ('n')`],
  },
  {
    name: 'a table that is renamed',
    before: [t],
    after: [entity('u', { a: text, b: text })],
    options: { renames: ['t=u'] },
    renamed: { t: 'u' },
    given: [
      'ALTER TABLE t OWNER TO owner',
      'GRANT ALL ON t TO app',
      'GRANT SELECT ON t TO PUBLIC',
      'GRANT USAGE ON SEQUENCE t_id_seq TO app',
    ],
    old: [
      'SELECT * FROM t',
      `INSERT INTO t (a, b) VALUES ('n', 'n') RETURNING id`,
      `UPDATE t SET b = 'o' WHERE a = 'n'`,
      `DELETE FROM t WHERE a = 'n'`,
    ],
    new: [
      'SELECT * FROM u',
      `INSERT INTO u (a, b) VALUES ('n', 'n') RETURNING id`,
      `UPDATE u SET b = 'o' WHERE a = 'n'`,
      `DELETE FROM u WHERE a = 'n'`,
    ],
  },
  {
    name: 'a table that is renamed, of which the app may use some columns',
    before: [t],
    after: [entity('u', { a: text, b: text })],
    options: { renames: ['t=u'] },
    renamed: { t: 'u' },
    given: ['GRANT SELECT (a, id), UPDATE (a), INSERT (a, b) ON t TO app', 'GRANT USAGE ON SEQUENCE t_id_seq TO app'],
    old: ['SELECT a FROM t', `UPDATE t SET a = 'x' WHERE id = 1 RETURNING a`, `INSERT INTO t (a, b) VALUES ('n', 'n')`],
    new: ['SELECT a FROM u', `UPDATE u SET a = 'x' WHERE id = 1 RETURNING a`, `INSERT INTO u (a, b) VALUES ('n', 'n')`],
  },
];

/** What everything is like of which migrations know nothing: by its name. */
const everything = `
  WITH it AS (
    SELECT oid, 0 AS number, relname::text AS name, relowner AS owner, coalesce(relacl, acldefault('r', relowner)) AS acl,
      reloptions AS options, obj_description(oid, 'pg_class') AS comment
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm')
    UNION ALL SELECT attrelid, attnum, attrelid::regclass || '.' || attname, NULL, attacl,
      attoptions || nullif(attstattarget, -1)::text, col_description(attrelid, attnum)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT oid, 0, oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)), NULL, obj_description(oid, 'pg_proc')
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT oid, 0, oid::regtype::text, typowner, coalesce(typacl, acldefault('T', typowner)), NULL, obj_description(oid, 'pg_type')
    FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
  )
  SELECT name, owner::regrole::text, options, comment, ARRAY(
    SELECT concat_ws(' ', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, CASE WHEN is_grantable THEN '*' END)
    FROM aclexplode(acl) ORDER BY 1) AS rights
  FROM it WHERE name !~ '^(migrations|typeorm_metadata)'`;

type Things = ReadonlyMap<string, object>;

describe('objects that a change drops and creates again keep their owner, privileges, options and comments', () => {
  const roles = new Map<string, Role>();
  let database: TestDatabase;
  let folder: MigrationsFolder;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    for (const word of words) roles.set(word, await createRole());
    const admin = await createDatabase();
    await admin.query(inRoles('GRANT owner TO migrator'));
    await admin.drop();
  });
  afterAll(async () => {
    for (const role of roles.values()) await role.drop();
  });
  beforeEach(async () => {
    folder = createFolder();
    database = await createDatabase();
    await database.query(inRoles('GRANT CREATE ON SCHEMA public TO migrator, owner'));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    folder.remove();
    await database.drop();
  });

  function inRoles(sql: string): string {
    return sql.replaceAll(/\b(?:migrator|owner|app|reader|other)\b/g, (word) => roles.get(word)?.name ?? word);
  }

  function urlOf(word: string): string {
    const { name = '', password = '' } = roles.get(word) ?? {};
    return database.urlFor(name, password);
  }

  async function as(word: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(urlOf(word));
    clients.push(client);
    await client.connect();
    const results = [];
    for (const sql of statements) results.push(...(await client.query(sql)).rows);
    return results as Record<string, unknown>[];
  }

  async function things(): Promise<Things> {
    const rows = await database.query(everything);
    return new Map(rows.map(({ name, ...rest }) => [String(name), rest]));
  }

  /** All of `before`, as it is called now. */
  function kept(before: Things, now: Things, renamed: Readonly<Record<string, string>> = {}): [object, object] {
    const nameOf = (name: string): string =>
      renamed[name] ?? name.replace(/^[^.]+/, (table) => renamed[table] ?? table);
    const names = [...before.keys()].filter((name) => now.has(nameOf(name)));
    const gone = [...before.keys()].filter((name) => !names.includes(name));
    if (gone.length > 0) throw new Error(`${gone.join(', ')} should be there.`);
    const of = (all: Things, name: (one: string) => string): object =>
      Object.fromEntries(names.map((one) => [one, all.get(name(one))]));
    return [of(now, nameOf), of(before, (one) => one)];
  }

  async function begin(one: Pick<Case, 'before' | 'hand' | 'given'>): Promise<void> {
    await folder.generate(one.before, { name: 'Initial' });
    if (one.hand) writeByHand(folder.dir, { up: one.hand, down: [] });
    await folder.run(urlOf('migrator'));
    const inAnyCase = [
      'GRANT ALL ON t TO owner',
      'GRANT USAGE ON SEQUENCE t_id_seq TO app',
      'ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT SELECT ON TABLES TO other',
      'ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT EXECUTE ON FUNCTIONS TO other',
      'ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT USAGE ON TYPES TO other',
    ];
    for (const sql of [...inAnyCase, ...one.given]) await database.query(inRoles(sql));
  }

  it.each(sample(cases, 24).map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    await begin(one);
    await as('app', ...(one.old ?? []));
    const before = await things();
    const generated = await folder.generate(one.after, one.options);
    if (process.env['SHOW']) process.stderr.write(folder.texts().slice(1).join('\n'));

    await folder.run(urlOf('migrator'), { phase: 'expand' });
    await as('app', ...(one.old ?? []), ...(migrationsIn(generated).length > 1 ? (one.new ?? []) : []));
    await folder.run(urlOf('migrator'), { phase: 'all' });
    await as('app', ...(one.new ?? []));
    const after = await things();
    const [now, then] = kept(before, after, one.renamed);
    expect(now).toEqual(then);

    await folder.with(urlOf('migrator'), (migrator) => migrator.revert());
    const [reverted, first] = kept(before, await things());
    expect(reverted).toEqual(first);
    await as('app', ...(one.old ?? []));
    await folder.run(urlOf('migrator'), { phase: 'all' });
    const [again, last] = kept(after, await things());
    expect(again).toEqual(last);
  });

  // Its own command, which knows nothing of us.
  it.each(sample(['all', 'each', 'none'] as const, 3))('under TypeORM, with transactions for %s', async (mode) => {
    const given = ['GRANT SELECT, INSERT ON t TO app', 'GRANT SELECT (a) ON v TO app', `COMMENT ON VIEW v IS 'live'`];
    await begin({ before: [t, view('v', 'SELECT a, b FROM t')], given });
    const before = await things();
    const after = [entity('u', { a: text, b: text }), view('v', 'SELECT b, a FROM u')];
    const generated = await folder.generate(after, { renames: ['t=u'] });
    await underTypeorm(mode, () => as('app', 'SELECT a FROM v'));
    await as('app', 'SELECT * FROM u', `INSERT INTO u (a, b) VALUES ('n', 'n')`);
    const [now, then] = kept(before, await things(), { t: 'u' });
    expect(now).toEqual(then);
    expect([generated.files.length, migrationsIn(generated).length]).toEqual([1, 2]);
  });

  async function underTypeorm(mode: 'all' | 'each' | 'none', meanwhile?: () => Promise<unknown>): Promise<void> {
    const dataSource = new DataSource({ type: 'postgres', url: urlOf('migrator'), migrations: [`${folder.dir}/*.js`] });
    await dataSource.initialize();
    try {
      await dataSource.runMigrations({ transaction: mode });
      await meanwhile?.();
      if (meanwhile) {
        await dataSource.undoLastMigration({ transaction: mode });
        await as('app', 'SELECT * FROM t', `INSERT INTO t (a, b) VALUES ('n', 'n')`);
        await dataSource.runMigrations({ transaction: mode });
      }
    } finally {
      await dataSource.destroy();
    }
  }

  describe('row security holds at every moment', () => {
    const hand = [
      'ALTER TABLE t ENABLE ROW LEVEL SECURITY',
      `CREATE POLICY of_app ON t USING (b = 'mine')`,
      `CREATE POLICY not_x ON t AS RESTRICTIVE FOR SELECT USING (a <> 'x')`,
      'CREATE INDEX by_hand ON t (b)',
      `ALTER TABLE t ADD CONSTRAINT by_hand CHECK (b <> 'none')`,
    ];
    const given = [
      `INSERT INTO t (a, b) VALUES ('1', 'mine'), ('2', 'others'), ('x', 'mine')`,
      'GRANT ALL ON t TO app',
    ];
    const u = [entity('u', { a: text, b: text })];

    it.each(
      sample(
        [
          ['a column that policies read', [entity('t', { a: text, c: text })], ['t.b=c'], ['t', 'b'], ['t', 'c']],
          ['a column, in the catalog', [entity('t', { a: text, c: text })], ['t.b=c'], ['t', 'b'], ['t', 'c']],
          ['a table', u, ['t=u'], ['t', 'b'], ['u', 'b']],
        ] as const,
        3,
      ),
    )('of %s that is renamed', async (how, after, renames, old, now) => {
      await begin({ before: [t], hand, given });
      const renameDirectly = how.includes('catalog');
      if (how === 'a table' && (await serverVersion()) < 150_000) return expectRefused();
      const generated = await folder.generate(after, { renames, renameDirectly });
      const { warnings, statements } = generated;
      expect(warnings).toContainEqual(
        expect.stringMatching(/^4 objects are not in the entities, but .* they are kept/),
      );
      if (process.env['SHOW']) process.stderr.write(folder.texts().slice(1).join('\n'));

      await expectFiltered(old);
      for (const migration of migrationsIn(generated)) {
        const isContract = statements.some((one) => one.migration === migration && one.phase === 'contract');
        await folder.run(urlOf('migrator'), { phase: 'all', to: migration });
        if (!isContract && !renameDirectly) await expectFiltered(old);
      }
      await expectFiltered(now);
      const byHand = await database.query(`SELECT indexdef FROM pg_indexes WHERE indexname = 'by_hand'`);
      expect(byHand).toEqual([{ indexdef: expect.stringContaining(`${now[0]} USING btree (${now[1]})`) }]);
      await folder.with(urlOf('migrator'), (migrator) => migrator.revert());
      await expectFiltered(old);
    });

    itInFull('of a dropped column holds until it is gone, which is reported', async () => {
      await begin({ before: [t], hand, given });
      const { warnings, statements } = await folder.generate([entity('t', { a: text })], { allowDestructive: true });
      expect(warnings).toContain(
        'policy t.of_app was created by hand, but depends on a dropped object, so it is dropped too.',
      );
      const dropped = statements.filter(({ sql }) => sql.startsWith('DROP POLICY'));
      expect(dropped.map(({ phase }) => phase)).toEqual(['contract']);
      await folder.run(urlOf('migrator'), { phase: 'expand' });
      await expectFiltered(['t', 'b']);
      await folder.run(urlOf('migrator'), { phase: 'all' });
    });

    itInFull('a view that would get around it is not made', async () => {
      await begin({ before: [t], hand, given: [...given, 'GRANT SELECT (a) ON t TO reader'] });
      if ((await serverVersion()) < 150_000) return expectRefused();
      const { files } = await folder.generate(u, { renames: ['t=u'] });
      const error = await failureOf(folder.run(urlOf('migrator')));
      expect(error.message).toContain('Some roles have SELECT on some columns of table u only.');
      expect(error.message).toContain('--rename-directly');
      await expectFiltered(['t', 'b']);
      await database.query(inRoles('REVOKE SELECT (a) ON t FROM reader'));
      await folder.run(urlOf('migrator'), { phase: 'all' });
      await folder.with(urlOf('migrator'), (migrator) => migrator.revert({ count: files.length }));
    });

    it('is refused if its server is too old for it', async () => {
      await begin({ before: [t], hand, given });
      const { warnings, statements } = await folder.generate(u, { renames: ['t=u'], targetVersion: 14, dryRun: true });
      expect(warnings).toContainEqual(expect.stringMatching(/^table t is renamed directly.*before PostgreSQL 15/));
      expect(statements.filter(({ sql }) => sql.startsWith('CREATE VIEW'))).toEqual([]);
    });

    it.each(sample(['ours', 'TypeORM'], 2))(
      'a backfill does not leave out rows that are hidden from the role: %s',
      async (whose) => {
        await begin({ before: [t], hand, given: [...given, 'ALTER TABLE t FORCE ROW LEVEL SECURITY'] });
        await folder.generate([entity('t', { a: text, b: text, c: text })], { backfills: ['t.c=a || b'] });
        const error = await failureOf(whose === 'ours' ? folder.run(urlOf('migrator')) : underTypeorm('each'));
        expect(error.message).toContain('query would be affected by row-level security policy for table "t"');
        if (whose === 'ours') expect(error.next).toContain('BYPASSRLS');
        expect(await database.query('SELECT DISTINCT c FROM t')).toEqual([{ c: null }]);
      },
    );

    /** There, a view applies the policies of its table to its own owner, so the migration cannot be proven. */
    async function expectRefused(): Promise<void> {
      const { message } = await failureOf(folder.generate(u, { renames: ['t=u'] }));
      expect(message).toContain('Before PostgreSQL 15, a view under the old name would bypass the row-level security');
      expect(message).toContain('--rename-directly');
      await expectFiltered(['t', 'b']);
    }

    async function expectFiltered([table, column]: readonly [string, string]): Promise<void> {
      const seen = await as('app', `SELECT a, ${column} AS b FROM ${table}`);
      expect(seen).toEqual([{ a: '1', b: 'mine' }]);
      await as('app', `UPDATE ${table} SET a = a`);
      await expect(as('app', `INSERT INTO ${table} (a, ${column}) VALUES ('3', 'others')`)).rejects.toThrow(
        'violates row-level security policy',
      );
      await expect(as('app', `UPDATE ${table} SET ${column} = 'none'`)).rejects.toThrow(
        /row-level security|check constraint/,
      );
    }
  });
});
