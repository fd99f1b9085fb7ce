import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import ts from 'typescript';
import { renderFile } from '../../src/files/render.js';
import type { MigrationText } from '../../src/files/render.js';
import { loadSqlMigration } from '../../src/files/sql-file.js';
import type { Template } from '../../src/files/template.js';
import { failureOf } from '../support/migrations.js';
import { splitSql } from '../../src/sql/index.js';
import { full } from '../support/sample.js';

const templates: readonly Template[] = ['ts', 'esm', 'cjs', 'sql'];
const prettier = { parser: 'typescript', singleQuote: true, printWidth: 120, trailingComma: 'all' } as const;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-render-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const email: MigrationText = {
  name: 'AddEmailToUsers1760000000000',
  phase: 'expand',
  transaction: true,
  summary: 'Adds the column email to users.',
  up: [{ sql: 'ALTER TABLE "users" ADD "email" text', comment: 'A column without a default is added at once.' }],
  down: [{ sql: 'ALTER TABLE "users" DROP COLUMN "email"' }],
};
const index: MigrationText = {
  name: 'IndexPosts1760000000000',
  phase: 'contract',
  transaction: false,
  up: [{ sql: 'CREATE INDEX CONCURRENTLY "posts_author" ON "posts" ("authorId");' }],
  down: [],
};

const goldens: readonly (readonly [title: string, migration: MigrationText, template: Template, text: string])[] = [
  [
    'TypeScript',
    email,
    'ts',
    `import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the column email to users. */
export class AddEmailToUsers1760000000000 implements MigrationInterface {
  name = 'AddEmailToUsers1760000000000';
  static readonly phase = 'expand' as const;

  public async up(queryRunner: QueryRunner): Promise<void> {
    // A column without a default is added at once.
    await queryRunner.query(\`ALTER TABLE "users" ADD "email" text\`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(\`ALTER TABLE "users" DROP COLUMN "email"\`);
  }
}
`,
  ],
  [
    'TypeScript without a transaction and without down',
    index,
    'ts',
    `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexPosts1760000000000 implements MigrationInterface {
  name = 'IndexPosts1760000000000';
  static readonly phase = 'contract' as const;

  // Builds or drops an index concurrently: the app can keep writing, but this cannot run in a transaction.
  transaction = false as const;

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(\`CREATE INDEX CONCURRENTLY "posts_author" ON "posts" ("authorId")\`);
  }

  public async down(): Promise<void> {
    // Nothing to do.
  }
}
`,
  ],
  [
    'ES modules',
    email,
    'esm',
    `/** Adds the column email to users. */
export class AddEmailToUsers1760000000000 {
  name = 'AddEmailToUsers1760000000000';
  static phase = 'expand';

  async up(queryRunner) {
    // A column without a default is added at once.
    await queryRunner.query(\`ALTER TABLE "users" ADD "email" text\`);
  }

  async down(queryRunner) {
    await queryRunner.query(\`ALTER TABLE "users" DROP COLUMN "email"\`);
  }
}
`,
  ],
  [
    'CommonJS',
    index,
    'cjs',
    `module.exports.IndexPosts1760000000000 = class IndexPosts1760000000000 {
  name = 'IndexPosts1760000000000';
  static phase = 'contract';

  // Builds or drops an index concurrently: the app can keep writing, but this cannot run in a transaction.
  transaction = false;

  async up(queryRunner) {
    await queryRunner.query(\`CREATE INDEX CONCURRENTLY "posts_author" ON "posts" ("authorId")\`);
  }

  async down() {
    // Nothing to do.
  }
};
`,
  ],
  [
    'SQL',
    email,
    'sql',
    `-- Adds the column email to users.
-- phase: expand

-- up

-- A column without a default is added at once.
ALTER TABLE "users" ADD "email" text;

-- down

ALTER TABLE "users" DROP COLUMN "email";
`,
  ],
  [
    'SQL without a transaction and without down',
    index,
    'sql',
    `-- phase: contract
-- Builds or drops an index concurrently: the app can keep writing, but this cannot run in a transaction.
-- transaction: false

-- up

CREATE INDEX CONCURRENTLY "posts_author" ON "posts" ("authorId");

-- down

-- Nothing to do.
`,
  ],
];

describe('a migration as text', () => {
  it.each(goldens)('in %s', async (_title, migration, template, text) => {
    expect(renderFile([migration], template)).toBe(text);
    if (template !== 'sql') expect(await format(text, prettier)).toBe(text);
    await expectSame(migration, template, 'golden');
  });
});

/** A statement as one line, and as it stands in a .sql file. */
const layouts: readonly (readonly [sql: string, text: string])[] = [
  [
    `CREATE TABLE "posts" ("id" integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "price" numeric(10, 2) NOT NULL DEFAULT round(1.5, 1), CONSTRAINT "c, (" CHECK ("price" > 0)) PARTITION BY RANGE ("id")`,
    `CREATE TABLE "posts" (
  "id" integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  "price" numeric(10, 2) NOT NULL DEFAULT round(1.5, 1),
  CONSTRAINT "c, (" CHECK ("price" > 0)
) PARTITION BY RANGE ("id")`,
  ],
  [
    `ALTER TABLE "public"."posts" ADD CONSTRAINT "posts_author" FOREIGN KEY ("authorId") REFERENCES "public"."users" ("id") ON DELETE SET NULL NOT VALID`,
    `ALTER TABLE "public"."posts"
  ADD CONSTRAINT "posts_author"
  FOREIGN KEY ("authorId")
  REFERENCES "public"."users" ("id")
  ON DELETE SET NULL NOT VALID`,
  ],
  [
    `ALTER TABLE "users" ADD COLUMN "createdAt" timestamp with time zone NOT NULL DEFAULT now(), ALTER COLUMN "name" DROP NOT NULL`,
    `ALTER TABLE "users"
  ADD COLUMN "createdAt" timestamp with time zone NOT NULL DEFAULT now(),
  ALTER COLUMN "name" DROP NOT NULL`,
  ],
  [
    `CREATE UNIQUE INDEX CONCURRENTLY "users_email_of_those_who_are_not_deleted" ON "users" USING btree (lower("email")) WHERE "deletedAt" IS NULL`,
    `CREATE UNIQUE INDEX CONCURRENTLY "users_email_of_those_who_are_not_deleted"
  ON "users" USING btree (lower("email"))
  WHERE "deletedAt" IS NULL`,
  ],
  [
    `CREATE TYPE "state" AS ENUM ('waiting for a very long time', 'running, or nearly so', 'done (or given up)', 'unknown')`,
    `CREATE TYPE "state" AS ENUM (
  'waiting for a very long time',
  'running, or nearly so',
  'done (or given up)',
  'unknown'
)`,
  ],
  [
    `UPDATE "users" SET "fullName" = "firstName" || ' FROM  here WHERE ' || "lastName" FROM "names" WHERE "fullName" IS DISTINCT FROM ''`,
    `UPDATE "users"
SET "fullName" = "firstName" || ' FROM  here WHERE ' || "lastName"
FROM "names"
WHERE "fullName" IS DISTINCT FROM ''`,
  ],
  [
    `COMMENT ON COLUMN "users"."email" IS 'Where we write to; it is not checked, and it may be one that several people share.'`,
    `COMMENT ON COLUMN "users"."email"
  IS 'Where we write to; it is not checked, and it may be one that several people share.'`,
  ],
  [
    `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$\nBEGIN\n  RETURN  NEW; -- up\nEND $f$`,
    `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$\nBEGIN\n  RETURN  NEW; -- up\nEND $f$`,
  ],
  [
    `CREATE VIEW v AS\n     SELECT id, -- the key\n        name\n       FROM users`,
    `CREATE VIEW v AS\nSELECT id, -- the key\n   name\n  FROM users`,
  ],
  [`SELECT 1 --\r\n`, 'SELECT 1 --\n'],
  [`SELECT 1;; SELECT 2 -- two\n;`, 'SELECT 1;\nSELECT 2 -- two\n'],
  [`-- up\nSELECT 'a'\n'b'`, `\f-- up\nSELECT 'a'\n'b'`],
];

describe('a statement', () => {
  it.each(layouts)('has lines: %j', async (sql, text) => {
    const migration = { ...email, up: [{ sql }] };
    expect(renderFile([migration], 'sql').split('-- up\n\n')[1]?.split('\n\n-- down')[0]).toBe(`${text};`);
    for (const template of templates) await expectSame(migration, template, sql);
    const typed = renderFile([migration], 'ts');
    expect(await format(typed, prettier)).toBe(typed);
  });

  it('that is long stands below the call', () => {
    const { up } = { up: [{ sql: `SELECT 'a\n  \${b}\`\\', "${'long'.repeat(30)}"` }] };
    expect(renderFile([{ ...email, up }], 'esm')).toContain(
      `    await queryRunner.query(\`\n      SELECT 'a\n  \\\${b}\\\`\\\\', "${'long'.repeat(30)}"\n    \`);\n`,
    );
  });

  it.each([`SELECT 'a`, 'SELECT "a', 'SELECT (1', 'SELECT $$', 'SELECT /* /* */', '', ' -- up', '/**/;'])(
    'that is not terminated, or is not one, is refused: %j',
    (sql) => {
      for (const template of templates)
        expect(() => renderFile([{ ...email, down: [{ sql }] }], template)).toThrow('cannot be written to a file');
    },
  );

  it.each(['A', "A'; x1760000000000", 'A 1760000000000', '1760000000000', ''])('refuses the name %j', (name) => {
    expect(() => renderFile([{ ...email, name }], 'ts')).toThrow('is not a class name');
  });

  it.each([20, 61, 62, 63, 64, 87])('keeps the style with a name of %d characters', async (length) => {
    const migration = { ...index, name: `${'A'.repeat(length)}1760000000000` };
    for (const template of ['ts', 'esm', 'cjs'] as const) {
      const text = renderFile([migration], template);
      expect(await format(text, prettier)).toBe(text);
    }
  });
});

describe('marks in a .sql file', () => {
  const load = async (text: string, direction: 'up' | 'down') => {
    const file = join(dir, '1760000000001-Marks.sql');
    writeFileSync(file, text);
    return executed((await loadSqlMigration(file)).prepare({} as never, refuse, 'run'), direction);
  };

  it.each([
    `SELECT '\n-- down\n'`,
    `SELECT "\n-- up\n"`,
    `DO $$\n-- down\n$$`,
    `SELECT 1 /*\n-- up\n*/`,
    'SELECT 1\n\f-- up\n+ 1',
  ])('are not inside %j', async (sql) => {
    expect(await load(`-- up\n${sql};\n-- down\nSELECT 2`, 'up')).toEqual([sql]);
    expect(await load(`-- up\n${sql};\n-- down\nSELECT 2`, 'down')).toEqual(['SELECT 2']);
  });

  it('may be indented, and need no semicolon before them', async () => {
    expect(await load('\t-- UP\nSELECT 1\n  --migrate:down \nSELECT 2', 'up')).toEqual(['SELECT 1']);
  });

  it('may set the phase', async () => {
    expect(await load('-- Phase: contract\n-- up\nSELECT 1', 'up')).toEqual(['SELECT 1']);
    const failure = await failureOf(load('-- phase: later\n-- up\nSELECT 1', 'up'));
    expect(failure.message).toContain('"-- phase: later" must say expand or contract');
  });

  it('keep a Windows line ending in a string if the file has others', async () => {
    expect(await load(`-- up\nSELECT '\r\n'`, 'up')).toEqual([`SELECT '\r\n'`]);
    expect(await load(`-- up\r\nSELECT '\r\n'`, 'up')).toEqual([`SELECT '\n'`]);
  });
});

describe('nothing in a text can', () => {
  const nasty = [
    ...["'", "''", '"', '`', '\\', '\\`', '${', '${process.exit(7)}', '$', '{', '*/', '/*', '//', '--', ';', '\0', '-'],
    ...['\n', '\r\n', '\r', '\u2028', '\u2029', '\u00a0', '\ufeff', '\u202e', '\ud800', '😀', 'Ü', '\t', '\f', '  '],
    ...['\n-- up\n', '\n-- down\n', '\n--down\r\n', '-- transaction: false', '\n-- phase: contract\n', ');', '}', '$$'],
    ...['SELECT', ' FROM ', ' ON ', 'e', 'E', '$a$', '\\u0041', '\\n', '@ts-nocheck', 'up', '(', ')', ',', '1', '\\'],
  ];

  const migrationOf = (seed: number): MigrationText => {
    const random = randomOf(seed);
    const upTo = (count: number): number => Math.floor(random() * count);
    const pick = <T>(list: readonly T[]): T => list[upTo(list.length)] as T;
    const text = (most = 8): string => Array.from({ length: upTo(most) }, () => pick(nasty)).join('');
    const noLine = (): string => text().replace(/[\n\r]/g, ' ');
    const space = (): string =>
      pick([' ', '  ', '\n', '\r\n', '\r', '\n\n    ', '\t', '\f', `--${noLine()}\n`, comment()]);
    const comment = (): string =>
      pick([`/*${text().replace(/[*/]/g, '')}*/`, '/* /* */ -- up\n */', '\n-- up\n', '\n-- down\r']);
    const string = (): string => `'${text().replace(/'/g, "''")}'`;
    const escaped = (): string => `E'${text().replace(/[\\']/g, '\\$&')}'`;
    const fragments: readonly (() => string)[] = [
      string,
      escaped,
      () => `${escaped()}\n${escaped().slice(1)}`,
      () => `${string()} -- '\r\n ${string()}`,
      () => `"a${text().replace(/"/g, '""')}"`,
      () => `$$${text().replace(/\$/g, '')}$$`,
      () => `$ü$${text().replaceAll('$ü$', '')}$$ $ü$`,
      () => `(${space()}${string()},${space()}x)`,
      () =>
        pick([
          'FROM',
          'WHERE',
          'ON',
          'REFERENCES',
          'ADD',
          'x\u00a0',
          'é',
          '1',
          'a$b',
          '::text',
          '\\',
          '`',
          '${x}',
          '<',
          ',',
        ]),
    ];
    const statement = (): string => {
      // A string may continue one with escapes by chance, and then has another end, or none.
      for (;;) {
        const made = anyStatement();
        if (isWhole(made)) return made;
      }
    };
    const anyStatement = (): string => {
      const head = pick(['SELECT', 'CREATE TABLE "t" (', 'ALTER TABLE t', 'UPDATE', 'CREATE TYPE t AS (', 'DO']);
      let sql = (upTo(4) === 0 ? space() : '') + head;
      for (let left = upTo(14); left > 0; left -= 1) sql += ` ${space()}${pick(fragments)()}`;
      return `${sql}${space()} ${head.endsWith('(') ? ')' : ''}${pick(['', '', ';', space()])}`;
    };
    const statements = () =>
      Array.from({ length: upTo(4) }, () => ({ sql: statement(), ...(upTo(2) === 0 && { comment: text(30) }) }));
    const phase = pick(['expand', 'contract'] as const);
    const migration = { name: `Fuzz${1_760_000_000_000 + seed}`, phase, transaction: upTo(2) === 0 };
    return { ...migration, up: statements(), down: statements(), ...(upTo(2) === 0 && { summary: text(40) }) };
  };

  it('change what is executed, in any template', async () => {
    for (let seed = 1; seed <= (full ? 1000 : 40); seed += 1) {
      const migration = migrationOf(seed);
      for (const template of templates)
        await expect(expectSame(migration, template, `seed ${seed}`)).resolves.toBeUndefined();
    }
  });

  it('make prettier format it differently', async () => {
    for (let seed = 1; seed <= (full ? 300 : 10); seed += 1) {
      const text = renderFile([migrationOf(seed)], 'ts');
      expect({ seed, text: await format(text, prettier) }).toEqual({ seed, text });
    }
  });
});

/** Loads the text for real, and compares what it executes with what was to be executed, but for white space. */
async function expectSame(migration: MigrationText, template: Template, seed: string): Promise<void> {
  try {
    const text = renderFile([migration], template);
    expect(renderFile([migration], template)).toBe(text);
    const loaded = await load(text, migration.name, template);
    expect(loaded.transaction).toBe(migration.transaction ? undefined : false);
    if (template !== 'sql') expect((loaded.constructor as { phase?: unknown }).phase).toBe(migration.phase);
    for (const direction of ['up', 'down'] as const) {
      const wanted = migration[direction].flatMap(({ sql }) =>
        // A file is UTF-8, as is what a driver sends: half a surrogate pair exists in neither.
        splitSql(template === 'sql' ? Buffer.from(sql).toString() : sql).map((statement) => tokens(statement.sql)),
      );
      const seen = (await executed(loaded, direction)).map(tokens);
      expect(seen.map((found, at) => (template === 'sql' ? found.slice(-(wanted[at]?.length ?? 0)) : found))).toEqual(
        wanted,
      );
      // In a .sql file, comments that the renderer wrote are sent along.
      if (template === 'sql') {
        const extra = seen.flatMap((found, at) => found.slice(0, -(wanted[at]?.length ?? 0)));
        expect(extra.filter((token) => !token.startsWith('--'))).toEqual([]);
      }
    }
  } catch (error) {
    throw new Error(`${seed}, ${template}: ${String(error)}\n${JSON.stringify(migration)}`, { cause: error });
  }
}

interface Loaded {
  readonly transaction?: boolean | undefined;
  up(queryRunner: never): Promise<unknown>;
  readonly down?: ((queryRunner: never) => Promise<unknown>) | undefined;
}

const refuse = () => Promise.reject(new Error('There is nothing to instantiate.'));

async function load(text: string, name: string, template: Template): Promise<Loaded> {
  if (template === 'sql') {
    const file = join(dir, `${name.slice(-13)}-${name.slice(0, -13)}.sql`);
    writeFileSync(file, text);
    return (await loadSqlMigration(file)).prepare({} as never, refuse, 'run');
  }
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: false };
  const output = template === 'ts' ? ts.transpileModule(text, { compilerOptions, reportDiagnostics: true }) : undefined;
  expect(output?.diagnostics ?? []).toEqual([]);
  const file = join(dir, `${name}-${template}-${(loads += 1)}.${template === 'esm' ? 'mjs' : 'cjs'}`);
  writeFileSync(file, output?.outputText ?? text);
  const exported = (template === 'esm' ? await import(file) : createRequire(file)(file)) as Record<
    string,
    new () => Loaded
  >;
  rmSync(file);
  expect(Object.keys(exported)).toEqual([name]);
  const Migration = exported[name];
  if (Migration === undefined) throw new Error(`There is no ${name}.`);
  expect(Migration.name).toBe(name);
  return new Migration();
}
let loads = 0;

async function executed(loading: Loaded | Promise<Loaded>, direction: 'up' | 'down'): Promise<string[]> {
  const seen: string[] = [];
  const loaded = await loading;
  const runner = { query: (...given: string[]) => Promise.resolve(void seen.push(...given)) };
  await loaded[direction]?.(runner as never);
  return seen;
}

/**
 * The tokens of a text, found one character after the other, so that a mistake in the sources is not made here as well.
 * Where there was white space, there is a token that says so, but not beside a parenthesis, a comma or a comment.
 */
function tokens(sql: string): readonly string[] {
  const found: string[] = [];
  let rest = sql;
  while (rest !== '') {
    const length = lengthOfToken(rest);
    const text = rest.slice(0, length);
    const space = /^[ \t\n\r\f\v]/.test(text);
    if (!space || !/^(?:[(),]| $|--|\/\*)/.test(found.at(-1) ?? '(')) {
      if (/^(?:[(),]|--|\/\*)/.test(text) && found.at(-1) === ' ') found.pop();
      found.push(space ? ' ' : text);
    }
    rest = rest.slice(length);
  }
  if (found.at(-1) === ' ') found.pop();
  return found;
}

class Unfinished extends Error {}

function isWhole(sql: string): boolean {
  try {
    const found = tokens(sql);
    const count = (text: string): number => found.filter((token) => token === text).length;
    // A statement that begins with a backslash is one of psql, and refused.
    return count('(') === count(')') && (count(';') === 0 || count('\\') === 0);
  } catch (error) {
    if (error instanceof Unfinished) return false;
    throw error;
  }
}

function lengthOfToken(text: string): number {
  const space = /^[ \t\n\r\f\v]+/.exec(text)?.[0].length;
  if (space !== undefined) return space;
  if (text.startsWith('--')) return /^[^\n\r]*/.exec(text)?.[0].length ?? 0;
  if (text.startsWith('/*')) {
    for (let at = 2, level = 1; at < text.length; at += 1) {
      if (text.startsWith('/*', at)) [at, level] = [at + 1, level + 1];
      else if (text.startsWith('*/', at)) [at, level] = [at + 1, level - 1];
      if (level === 0) return at + 1;
    }
    throw new Unfinished(text);
  }
  const dollar = /^\$(?:[A-Za-zü]\w*)?\$/.exec(text)?.[0];
  if (dollar !== undefined) {
    const end = text.indexOf(dollar, dollar.length);
    if (end === -1) throw new Unfinished(text);
    return end + dollar.length;
  }
  if (text.startsWith('"')) return quoted(text, 0, '"', '');
  if (text.startsWith("'")) return quoted(text, 0, "'", '');
  if (/^E'/i.test(text)) return quoted(text, 1, "'", '\\');
  return /^[\w$\u0080-\uffff]+/.exec(text)?.[0].length ?? 1;
}

/** Where a quoted text ends that begins at `start`; a string may go on in the next line. */
function quoted(text: string, start: number, quote: string, escape: string): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === escape) at += 1;
    else if (text[at] === quote && text[at + 1] === quote) at += 1;
    else if (text[at] === quote) {
      const next =
        quote === "'" && /^[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:\s|--[^\n\r]*[\n\r])*'/.exec(text.slice(at + 1));
      if (!next) return at + 1;
      at += next[0].length;
    }
  }
  throw new Unfinished(text);
}

function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
