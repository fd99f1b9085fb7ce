import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, itInFull, sample } from '../support/sample.js';

const user = (columns: string, decorators = '', table = 'users'): string =>
  `import { Check, Column, Entity, Generated, Index, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { Backfill, RenamedFrom } from 'nest-migrate/data-source';
${decorators}
@Entity('${table}')
export class User {
  @PrimaryGeneratedColumn() id!: number;
  ${columns}
}
`;

const app = {
  'package.json': '{ "name": "app" }',
  'tsconfig.json':
    '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "esModuleInterop": true, "skipLibCheck": true } }',
  'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['src/*.entity.ts'], migrations: ['migrations/*.{ts,js,sql}'] });
`,
  'src/user.entity.ts': user(`@Column() name!: string;`),
};
let project: TestProject;
beforeAll(generateFirst);
beforeEach(() => void (project = createProject(app)));
afterEach(() => project.remove());

const cli = (...args: string[]) => runCli(args, { cwd: project.dir });
// Throwaway databases on the test server are quicker than PostgreSQL in each process.
const onServer = ['--shadow', serverUrl()];
const generate = (...args: string[]) => cli('generate', ...onServer, ...args);
const entity = (columns: string, decorators = '', table = 'users'): void =>
  void project.write('src/user.entity.ts', user(columns, decorators, table));
const files = (): string[] =>
  readdirSync(join(project.dir, 'migrations'))
    .filter((file) => file !== 'migrations.lock')
    .toSorted();
const texts = (pattern: RegExp): string =>
  files()
    .filter((file) => pattern.test(file))
    .map((file) => project.read(`migrations/${file}`))
    .join('');
/** The classes of the last file that say this, each with the heading over it. */
const classes = (pattern: RegExp): string =>
  project
    .read(`migrations/${files().at(-1)}`)
    .split(/(?=\/\*\* Step)/)
    .filter((text) => pattern.test(text))
    .join('');
const contract = (): string => classes(/phase = 'contract'/);
const generated = async (...args: string[]): Promise<string> => {
  const { stdout, stderr, code } = await cli('generate', ...args);
  expect([stderr.replace(/^! .*\n/gm, ''), code]).toEqual(['', 0]);
  return stdout;
};

/** What `generate` writes of the first entity: generated once, then copied to where a test begins with it. */
let first: ReadonlyMap<string, string>;
async function generateFirst(): Promise<void> {
  project = createProject(app);
  await generated(...onServer);
  first = new Map([...files(), 'migrations.lock'].map((file) => [file, project.read(`migrations/${file}`)]));
  expect([...first.keys()]).toEqual([expect.stringMatching(/^\d{13}-Init\.ts$/), 'migrations.lock']);
  project.remove();
}
const withFirst = (): void => first.forEach((text, file) => void project.write(`migrations/${file}`, text));

/** What `pg_dump --schema-only` would write, ledgers left out. */
const everyDefinition = `SELECT * FROM (
  SELECT 'function ' || p.oid::regprocedure AS object, pg_get_functiondef(p.oid) AS text FROM pg_proc p
    WHERE pronamespace::regnamespace::text IN ('public', 'audit') AND prokind = 'f' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND deptype = 'e')
  UNION ALL SELECT 'view ' || oid::regclass, concat(pg_get_viewdef(oid), relkind) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace::regnamespace::text IN ('public', 'audit')
  UNION ALL SELECT 'table ' || oid::regclass, concat(relkind, relrowsecurity, reloptions) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'audit')
  UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname, concat(format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid), attnum) FROM pg_attribute a
    JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum) WHERE attnum > 0 AND relkind IN ('r', 'v', 'm') AND relnamespace::regnamespace::text IN ('public', 'audit')
  UNION ALL SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid) || coalesce(obj_description(indexrelid), '') FROM pg_index WHERE indexrelid::regclass::text !~ 'pg_'
  UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace::regnamespace::text IN ('public', 'audit')
  UNION ALL SELECT 'trigger ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'policy ' || policyname, concat(qual, with_check, cmd, roles) FROM pg_policies
  UNION ALL SELECT 'sequence ' || sequencename, concat(start_value, min_value, max_value, increment_by, data_type) FROM pg_sequences
  UNION ALL SELECT 'enum ' || enumtypid::regtype || enumlabel, enumsortorder::text FROM pg_enum
  UNION ALL SELECT 'publication ' || pubname, tablename FROM pg_publication_tables
  UNION ALL SELECT 'extension ' || extname, '' FROM pg_extension) o WHERE object !~ 'migrations' ORDER BY 1, 2`;

describe('generate, without any database', () => {
  it('writes the first migration as one simple file, and then has nothing to do', async () => {
    const stdout = await generated();
    expect(stdout).toMatch(/^\+ migrations\/\d{13}-Init\.ts\n/);
    expect(stdout).toContain('Proven up and down. Review it, then: nest-migrate run');
    expect(texts(/Init/).replace(/\d{13}/g, '1')).toMatchInlineSnapshot(`
"import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Init1 implements MigrationInterface {
  name = 'Init1';
  static readonly phase = 'expand' as const;

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(\`
      CREATE TABLE "public"."users" (
        "id" serial NOT NULL,
        "name" character varying NOT NULL,
        CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id)
      )
    \`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(\`DROP TABLE "public"."users"\`);
  }
}
"
`);
    expect(await generated()).toBe('Nothing to do: the migrations match the entities.\n');
    expect((await cli('generate', '--check')).code).toBe(0);
    expect((await cli('run')).stdout).toContain('1 migration applied');
  });
});

describe('generate', () => {
  it('--check writes nothing and exits with 3; --dry-run prints the files; --json is one object', async () => {
    const check = await generate('--check');
    expect(check.stdout).toContain('The entities have changed: 1 statement would be generated.');
    expect([check.code, project.has('migrations')]).toEqual([3, false]);
    const dry = await generate('Begin', '--dry-run', '--sql');
    expect(dry.stdout).toMatch(
      /-Begin\.sql\n-- phase: expand\n[^]*-- up\n[^]*CREATE TABLE "public"\."users"[^]*-- down\n/,
    );
    const json = JSON.parse((await generate('--json')).stdout) as object;
    expect(json).toMatchObject({
      files: [expect.stringMatching(/Init\.ts$/)],
      statements: [{ sql: expect.stringMatching(/^CREATE TABLE/), phase: 'expand' }],
      renames: [],
      warnings: [],
    });
    expect(files()).toHaveLength(1);
  });

  itInFull('same input, same bytes', async () => {
    const one = await generate('--dry-run');
    const other = await generate('--dry-run');
    const timeless = (text: string): string => text.replace(/\d{13}/g, '');
    expect(timeless(other.stdout)).toBe(timeless(one.stdout));
  });

  if (full)
    itInFull('knows every extension that PGlite has, in migrations and in entities', async () => {
      await generated();
      // Of one that is not among the usual ones; the entities are as they were, so that only the migrations have to be executed.
      const more = 'CREATE EXTENSION ltree;\nCREATE TABLE places (at ltree);\n';
      project.write('migrations/1900000000000-places.sql', `-- up\n${more}-- down\nDROP TABLE places;\n`);
      expect(await generated()).toContain('Nothing to do');
      // TypeORM installs this one when it connects, and does not know the other one.
      const unaccent = `@Column('text', { default: () => "unaccent('x')" }) plain!: string;`;
      entity(`@Column() name!: string; @Column('hstore', { nullable: true }) more?: object; ${unaccent}`);
      expect(await generated('--dry-run')).toContain('CREATE EXTENSION IF NOT EXISTS "unaccent"');
      // Now that it is known what the entities want, only the proof needs it.
      const stdout = await generated();
      expect(stdout).toContain('CREATE EXTENSION IF NOT EXISTS "unaccent"');
      expect(stdout).not.toContain('EXTENSION IF NOT EXISTS "hstore"');
    });
});

describe('questions that only the author can answer', () => {
  beforeEach(withFirst);

  it('a renamed column is never guessed; a flag names it, and it is renamed beside the old one, with a contract file', async () => {
    entity('@Column() fullName!: string;');
    const asked = await generate();
    expect(asked.code).toBe(3);
    expect(asked.stderr).toContain(
      'users.name is no longer in the entities, and users.fullName is new: was it renamed?',
    );
    expect(asked.stderr).toContain(
      "--rename users.name=fullName   (renamed: its data is kept; or @RenamedFrom('name'))",
    );
    expect(asked.stderr).toContain('--drop users.name   (removed: it is dropped with its data)');
    expect(files()).toHaveLength(1);
    // Nothing is left to remark: the trigger was tried on rows.
    expect(await generate('--rename', 'users.name=fullName')).toMatchObject({ stderr: '', code: 0 });
    expect(texts(/./)).toContain('CREATE TRIGGER "users_fullName_rename" BEFORE INSERT OR UPDATE');
    expect(contract()).toContain('ALTER TABLE "public"."users" DROP COLUMN "name"');
    expect(await generated(...onServer)).toContain('Nothing to do');
    const database = await createDatabase();
    project.write('.env', `DATABASE_URL=${database.url}\n`);
    expect((await cli('run')).code).toBe(0);
    expect((await cli('revert', '--all')).code).toBe(0);
    await database.drop();
  });

  itInFull('flags can be pasted into a shell as they are, whatever names and values they contain', async () => {
    project.write(
      'migrations/1900000000000-more.sql',
      '-- up\nALTER TABLE users ADD "bornIn" varchar, ADD meta jsonb;\n-- down\nALTER TABLE users DROP "bornIn", DROP meta;\n',
    );
    entity(`@Column() name!: string; @Column('int', { nullable: true }) bornIn!: number;
      @Column('jsonb', { default: { '@type': '$x \`y\`' } }) meta!: object;`);
    const { stderr } = await generate();
    const flags = [...stderr.matchAll(/^ {2}(--(?:using|backfill) .*?) {3}\(any/gm)].map(([, flag]) => flag);
    const pasted = execFileSync('sh', ['-c', `printf '%s\\n' ${flags.join(' ')}`], { encoding: 'utf8' });
    expect(pasted.trim().split('\n')).toEqual([
      '--backfill',
      `users.meta='{"@type": "$x \`y\`"}'::jsonb`,
      '--using',
      'users.bornIn="bornIn"::integer',
    ]);
    await generated(...onServer, ...pasted.trim().split('\n'));
  });

  itInFull(
    'a column that is renamed and gets another type of the same family: asked, and its data is kept',
    async () => {
      entity(`@Column('text', { nullable: true }) fullName!: string;`);
      const asked = await generate('--allow-destructive', ...onServer);
      expect([asked.code, asked.stderr]).toEqual([
        3,
        expect.stringContaining('--rename users.name=fullName   (renamed: its data is kept; or @RenamedFrom'),
      ]);
      await generated(...onServer, '--rename', 'users.name=fullName');
      expect(texts(/./)).toMatch(/RENAME COLUMN "name" TO "fullName"[^]*ALTER COLUMN "fullName" TYPE text/);
      // Of another family: not the same column.
      entity('@Column("int", { nullable: true }) age!: number;');
      expect((await generate('--allow-destructive', '--dry-run')).code).toBe(0);
    },
  );

  itInFull('a renamed column: by decorator, directly', async () => {
    entity(`@RenamedFrom('name') @Column() fullName!: string;`);
    await generated(...onServer, '--rename-directly');
    expect(texts(/-RenameUserNameToFullName\.ts$/)).toContain('RENAME COLUMN "name" TO "fullName"');
    expect(texts(/-RenameUserNameToFullName\.ts$/)).toContain('RENAME COLUMN "fullName" TO "name"');
    // The decorator may stay.
    expect(await generated(...onServer)).toContain('Nothing to do');
  });

  itInFull('a renamed table keeps its old name as a view, until the contract', async () => {
    entity('@Column() name!: string;', '', 'people');
    expect((await generate()).stderr).toContain('--rename users=people');
    await generated(...onServer, '--rename', 'users=people');
    expect(texts(/./)).toContain('CREATE VIEW "public"."users" AS SELECT * FROM "public"."people"');
    expect(contract()).toContain('DROP VIEW "public"."users"');
    expect(texts(/./)).not.toContain('DROP TABLE "public"."people"');
  });

  it('the flags for a renamed column of a renamed table work as they are advised', async () => {
    entity('@Column() fullName!: string;', '', 'people');
    const table = ['--rename', 'users=people'];
    const advised = '--rename people.name=fullName';
    expect((await generate(...table)).stderr).toContain(`  ${advised}   (renamed`);
    await generated(...onServer, ...table, ...advised.split(' '));
    expect(contract()).toContain('DROP COLUMN "name"');
  });

  itInFull('--drop names a column of a renamed table with either name of the table', async () => {
    entity('@Column() fullName!: string;', '', 'people');
    for (const path of ['people.name', 'users.name']) {
      const flags = ['--rename', 'users=people', '--drop', path, '--backfill', `people.fullName='x'`];
      const { stdout } = await cli('generate', ...flags, '--allow-destructive', '--dry-run');
      expect(stdout).toContain('DROP COLUMN "name"');
    }
  });

  itInFull('what existing rows get in a new column', async () => {
    entity('@Column() name!: string; @Column() mail!: string;');
    const asked = await generate('--json');
    expect(asked.code).toBe(3);
    expect(JSON.parse(asked.stdout)).toMatchObject({
      error: { code: 'DECISION_NEEDED', next: expect.stringContaining('--backfill "users.mail=') },
    });
    // Named with its table, which the trigger has to know too.
    await generated(...onServer, '--backfill', "users.mail=users.name || '@example.com'");
    expect(classes(/fills rows in batches/)).toContain(
      `UPDATE "public"."users" SET "mail" = users.name || '@example.com'`,
    );
    expect(contract()).toContain('DROP TRIGGER "users_mail_fill"');
  });

  itInFull(
    'triggers and backfills are tried on rows: what is wrong with them is said before anything is written',
    async () => {
      entity('@Column() name!: string; @Column() mail!: string;');
      const { stderr, code } = await generate('--backfill', 'users.mail=users.nme');
      expect(stderr).toContain(
        'The expression for users.mail (--backfill or @Backfill) fails: column users.nme does not exist (42703).',
      );
      expect(code).toBe(2);
      const inTrigger = await generate('--dry-run', '--backfill', 'users.mail=(SELECT max(u.name) FROM users u)');
      expect(inTrigger.stderr).toContain(
        `! The trigger "users_mail_fill" of users.mail reads other tables with the privileges of the role that writes the row: the app's role needs SELECT on them.`,
      );
      entity(`@Column() name!: string; @Column('int', { nullable: true }) age?: number;`);
      const nullable = await generate('--backfill', 'users.age=name || 1');
      expect(nullable.stderr).toContain(
        '(--backfill or @Backfill) fails: column "age" is of type integer but expression',
      );
    },
  );

  const wrongExpressions: readonly (readonly [mode: string, flag: string, text: string, says: string])[] = [
    ['--online', '--using', 'users.name=nme::int', 'column "nme" does not exist (42703).\n    nme::int\n'],
    ['--no-online', '--using', 'users.name=now()', 'column "name" is of type integer but expression is of type'],
    ['--no-online', '--using', 'users.name=length(', 'syntax error at '],
    ['--online', '--backfill', 'users.mail=nme', 'column "nme" does not exist (42703).\n    nme\n'],
    ['--no-online', '--backfill', `users.mail='x`, 'unterminated quoted string'],
  ];
  it.each(sample(wrongExpressions, 3))(
    '%s %s %s: says what is wrong with the expression, not that the migration cannot be proven',
    async (mode, flag, text, says) => {
      withFirst();
      entity(
        flag === '--using' ? `@Column('int') name!: number;` : '@Column() name!: string; @Column() mail!: string;',
      );
      const { stderr, code } = await cli('generate', ...onServer, mode, flag, text);
      const next = '→ Correct it. It may use the columns of the table, under their names before the change';
      for (const part of [`The expression for ${text.split('=')[0]} (${flag}`, `fails: ${says}`, `${next}: ${flag} "`])
        expect(stderr).toContain(part);
      expect(code).toBe(2);
    },
  );

  itInFull(
    'the summary shows the steps, why there are several, and what could be better; the settings online and rename apply',
    async () => {
      entity(`@Column() name!: string; @Column() mail!: string; @ManyToOne(() => User) boss?: User;`);
      const given = [...onServer, '--backfill', "users.mail='x'"];
      const summary = await generated(...given);
      expect(summary).toMatch(/\n {2}step 1 of \d\n/);
      expect(summary).toMatch(/\n {2}step (\d) of \1, contract: when the old version of the app is gone\n/);
      expect(summary).toMatch(/\n\d steps: users stays in use; --no-online writes 1\n/);
      expect(summary).toContain('The foreign key on users.bossId has no index: a DELETE in the other table scans');
      expect(summary).toMatch(/ then: nest-migrate run \([\d.]+ s\)\n$/);
      expect(summary.split('\n').filter((line) => line.length > 80)).toEqual([]);
      project.delete(`migrations/${files().at(-1)}`);
      entity(`@Column() fullName!: string; @Index() @ManyToOne(() => User) boss?: User;`);
      project.write('package.json', '{ "name": "app", "nest-migrate": { "online": false, "rename": "directly" } }');
      const direct = await generated(...onServer, '--rename', 'users.name=fullName', '--dry-run');
      expect(direct).toContain('ALTER TABLE "public"."users" RENAME COLUMN "name" TO "fullName"');
      expect(direct.match(/^export class /gm)).toHaveLength(1);
      project.write('package.json', '{ "name": "app", "nest-migrate": { "online": "no", "rename": "never" } }');
      const { code, stderr } = await generate();
      expect(code).toBe(2);
      expect(stderr).toContain('online must be true or false, but is "no"');
      expect(stderr).toContain('rename must be one of online, directly, but is "never"');
    },
  );

  itInFull('all questions are reported at once', async () => {
    entity('@Column() fullName!: string; @Column() nick!: string; @Column("int") age!: number;');
    const { stderr, code } = await generate();
    expect(code).toBe(3);
    expect(stderr)
      .toContain(`users.name is no longer in the entities, and users.fullName, users.nick are new: was it renamed?
  users.age is a new NOT NULL column without a default: which value do existing rows get?
  Nothing was written.`);
    const answered = ['--rename', 'users.name=fullName', '--backfill', 'users.age=0', '--backfill', `users.nick=''`];
    await generated(...onServer, ...answered);
  });

  itInFull('the same by decorator, and with a constant as a default', async () => {
    entity(`@Column() name!: string; @Backfill("'DE'") @Column() country!: string;`);
    await generated(...onServer);
    expect(texts(/Add/)).toContain(`ADD COLUMN "country" character varying NOT NULL DEFAULT 'DE'`);
    expect(contract()).toContain('ALTER COLUMN "country" DROP DEFAULT');
  });

  itInFull('lost data is named in words, allowed by a flag, and dropped in a contract file', async () => {
    entity('');
    const asked = await generate();
    expect(asked.stderr).toContain('This would lose:\n    - the data of column users.name');
    expect(asked.code).toBe(3);
    await generated(...onServer, '--allow-destructive');
    expect(texts(/Users\.ts$/)).toContain('ALTER COLUMN "name" DROP NOT NULL');
    expect(contract()).toContain('DROP COLUMN "name"');
  });

  itInFull('a type that PostgreSQL cannot turn into another, and the zone of stored times', async () => {
    const nullable = (columns: Readonly<Record<string, string>>): void =>
      entity(
        Object.entries({ name: `'text'`, ...columns })
          .map(([name, type]) => `@Column(${type.includes(',') ? type : `${type}, { nullable: true }`}) ${name}: any;`)
          .join(' '),
      );
    nullable({
      age: `'text'`,
      at: `'timestamp'`,
      day: `'date'`,
      ref: `'uuid'`,
      tags: `'simple-array'`,
      sizes: `'simple-array'`,
    });
    await generated(...onServer);
    nullable({
      age: `'int'`,
      at: `'timestamptz'`,
      day: `'timestamptz'`,
      ref: `'int'`,
      tags: `'text', { array: true, nullable: true }`,
      sizes: `'int', { array: true, nullable: true }`,
    });
    const asked = await generate();
    expect(asked.stderr).toContain('--using "users.age=\\"age\\"::integer"');
    expect(asked.stderr).toContain(
      '--using "users.ref=…"   (an SQL expression of the old value; there is no cast from uuid to integer)',
    );
    expect(asked.stderr).toContain(`--using "users.tags=string_to_array(\\"tags\\", ',')"`);
    expect(asked.stderr).toContain(`--using "users.sizes=string_to_array(\\"sizes\\", ',')::integer[]"`);
    expect(asked.stderr).toContain('users.day changes from date to timestamp with time zone: which time zone');
    expect(asked.stderr).toContain('--stored-timezone UTC');
    const usings = [
      'users.age=age::int',
      'users.ref=length(ref::text)',
      `users.tags=string_to_array("tags", ',')`,
      `users.sizes=string_to_array("sizes", ',')::integer[]`,
    ];
    await generated(...onServer, ...usings.flatMap((using) => ['--using', using]), '--stored-timezone', 'UTC');
    expect(await generated(...onServer)).toContain('Nothing to do');
  });

  it.each([
    [['--rename', 'users.nmae=fullName'], 'there is no table or column users.nmae'],
    [['--rename', 'users.name=nothing'], 'there is no nothing in the entities'],
    [['--backfill', 'users'], '--backfill must be <table>.<column>=<expression>'],
    [
      [
        ...[
          '--rename',
          'users.nmae=fullName',
          '--drop',
          'users.nam',
          '--drop',
          'users.id',
          '--backfill',
          `users.id='x'`,
        ],
        ...['--backfill', `users.fulName='x'`, '--using', 'users.id=id::int', '--rename', 'users.id=fullName'],
      ],
      `--rename users.nmae=fullName: there is no table or column users.nmae in the migrations.
  --rename users.id=fullName: users.id is still in the entities.
  --drop users.nam: there is no table or column users.nam in the migrations.
  --drop users.id: users.id is still in the entities.
  --backfill users.id: the change neither adds this column to an existing table nor makes it NOT NULL.
  --backfill users.fulName: the change neither adds this column to an existing table nor makes it NOT NULL.
  --using users.id: the change neither gives this column another type nor takes values from its enum.
  Nothing was written.
→ It could be:
  --rename users.name=fullName
  --drop users.name
  --backfill "users.fullName=…"`,
    ],
  ])('%j is refused with a reason', async (args, message) => {
    entity('@Column() fullName!: string;');
    const { code, stderr } = await generate(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

it('a flag without a schema is told the schema of the table that it could mean', async () => {
  project.write(
    'migrations/1700000000000-items.sql',
    '-- up\nCREATE SCHEMA shop; CREATE TABLE shop.items (id serial PRIMARY KEY, quantity int NOT NULL DEFAULT 1, name text);\n-- down\nDROP TABLE shop.items; DROP SCHEMA shop;\n',
  );
  entity(`@Column('int', { default: 1 }) count!: number; @Column('text', { nullable: true }) name?: string;`);
  const text = project
    .read('src/user.entity.ts')
    .replace(/@Entity\([^)]*\)/, `@Entity({ name: 'items', schema: 'shop' })`);
  project.write('src/user.entity.ts', text);
  const { code, stderr } = await generate('--rename', 'items.quantity=count', '--drop', 'items.name');
  expect(code).toBe(2);
  expect(stderr)
    .toContain(`--rename items.quantity=count: there is no table or column items.quantity in the schema public.
  --drop items.name: there is no table or column items.name in the schema public.
  Nothing was written.
→ It could be:
  --rename shop.items.quantity=count`);
});

describe('handmade objects', () => {
  /** As people write them who let no generator write migrations. */
  const byHand = (columns: string): void =>
    void project.write(
      'migrations/1700000000000-users.sql',
      `-- up\nCREATE TABLE users (id serial, ${columns}, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id));\n-- down\nDROP TABLE users;\n`,
    );

  itInFull(
    'include a column that every INSERT must fill: whether it was renamed is asked, because it cannot stay beside the new one',
    async () => {
      byHand('name varchar NOT NULL');
      entity('@Column() fullName!: string;');
      const asked = await generate();
      expect([asked.code, asked.stdout]).toEqual([3, '']);
      expect(asked.stderr).toContain(
        'users.name is no longer in the entities, and users.fullName is new: was it renamed?',
      );
      expect(asked.stderr).toContain('--rename users.name=fullName');
      const dropped = await generated(
        ...onServer,
        '--drop',
        'users.name',
        '--backfill',
        `users.fullName=''`,
        '--allow-destructive',
      );
      expect(dropped).toContain('DROP COLUMN "name"');
    },
  );

  itInFull(
    'include a column that every INSERT must fill: that the app cannot insert any more is told, and --drop drops it',
    async () => {
      byHand('name varchar NOT NULL, email varchar NOT NULL, note varchar');
      const kept = await generate();
      expect([kept.code, kept.stdout]).toEqual([0, expect.stringContaining('Nothing to do')]);
      expect(kept.stderr).toContain(
        '! column users.note is not in the entities, but was created by hand: it is kept (generate --prune drops it; the setting `ignore` silences this).\n',
      );
      expect(kept.stderr).toContain(
        '! column users.email is NOT NULL and has no default, so every INSERT that does not name it fails: --drop users.email drops it.\n',
      );
      expect(kept.stderr).not.toContain('users.note is NOT NULL');
      expect(await generated(...onServer, '--drop', 'users.email', '--allow-destructive')).toContain(
        'DROP COLUMN "email"',
      );
      expect(texts(/./)).not.toContain('"note"');
    },
  );

  itInFull('stays, in one line, and goes with --prune', async () => {
    withFirst();
    await cli('create', 'ByHand', '--sql');
    const byHand = files().find((file) => file.endsWith('.sql')) ?? '';
    project.write(
      `migrations/${byHand}`,
      `-- up\nCREATE INDEX by_hand ON users (lower(name));\nCREATE TABLE notes (id serial);\n-- down\nDROP TABLE notes;\nDROP INDEX by_hand;\n`,
    );
    const kept = await generate('--ignore', 'table:nothing_*');
    expect(kept.stderr).toContain('! Nothing matches the ignore pattern table:nothing_*.');
    expect(kept.stderr).toContain(
      '! index by_hand is not in the entities, but was created by hand: it is kept (generate --prune drops it; the setting `ignore` silences this).',
    );
    expect(kept.stderr).toContain('! table notes is not in the entities');
    expect(kept.stderr).not.toContain('notes_id_seq');
    expect(kept.stdout).toContain('Nothing to do');
    await generated(...onServer, '--prune', '--allow-destructive');
    expect(texts(/./)).toContain('DROP INDEX CONCURRENTLY IF EXISTS "public"."by_hand"');
    expect(contract()).toContain('DROP TABLE "public"."notes"');
  });

  itInFull(
    'another function that makes uuids is left alone, as TypeORM does, unless the entity names one',
    async () => {
      project.write(
        'migrations/1700000000000-users.sql',
        `-- up
CREATE TABLE users (id serial CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY, a uuid NOT NULL DEFAULT gen_random_uuid(), b uuid NOT NULL DEFAULT gen_random_uuid());
-- down
DROP TABLE users;
`,
      );
      const columns = (b: string): void =>
        entity(`@Generated('uuid') @Column() a!: string; @Column('uuid', { default: () => '${b}' }) b!: string;`);
      columns('gen_random_uuid()');
      expect((await generate()).stdout).toContain('Nothing to do');
      columns('uuid_generate_v4()');
      await generated(...onServer);
      expect(texts(/\.ts$/)).toContain('ALTER COLUMN "b" SET DEFAULT uuid_generate_v4()');
      expect(texts(/\.ts$/)).not.toContain('ALTER COLUMN "a"');
    },
  );

  itInFull('a table without an entity is kept by --ignore, with its type and its schema', async () => {
    withFirst();
    project.write(
      'migrations/1700000000009-old.sql',
      `-- up
CREATE SCHEMA audit;
CREATE TYPE audit.kind AS ENUM ('a', 'b');
CREATE TABLE audit.entries (id serial PRIMARY KEY, kind audit.kind NOT NULL);
-- down
DROP TABLE audit.entries;
DROP TYPE audit.kind;
DROP SCHEMA audit;
`,
    );
    const asked = await generate(...onServer, '--prune');
    expect(asked.stderr).toContain('To keep a table that has no entity: --ignore "table:audit.entries"');
    const kept = await generate(...onServer, '--prune', '--ignore', 'table:audit.entries');
    expect([kept.code, kept.stdout, kept.stderr]).toEqual([0, expect.stringContaining('Nothing to do'), '']);
  });

  it('include a column that may be a new one under its old name: whether it was renamed is asked before anything is written', async () => {
    byHand('note varchar');
    entity('@Column({ nullable: true }) remark!: string;');
    const asked = await generate();
    expect([asked.code, asked.stdout, files()]).toEqual([3, '', ['1700000000000-users.sql']]);
    for (const flag of ['--rename users.note=remark ', '--keep users.note ', '--drop users.note '])
      expect(asked.stderr).toContain(`\n  ${flag}`);
    const kept = await generate(...onServer, '--keep', 'users.note');
    expect([kept.code, kept.stderr]).toEqual([
      0,
      expect.stringContaining('! column users.note is not in the entities'),
    ]);
    expect(texts(/\.ts$/)).toContain('ADD COLUMN "remark"');
    // The new column is there now, so nothing can be renamed to it.
    const late = await generate(...onServer, '--rename', 'users.note=remark');
    expect([late.code, late.stderr]).toEqual([
      2,
      expect.stringContaining('--rename users.note=remark: users.remark exists already, beside users.note.'),
    ]);
    expect(late.stderr).toContain('nest-migrate revert), delete its file, then type this command again');
    rmSync(join(project.dir, 'migrations', files().find((file) => file.endsWith('.ts')) ?? ''));
    await generated(...onServer, '--rename', 'users.note=remark');
    expect(contract()).toContain('DROP COLUMN "note"');
  });

  itInFull('include a table that may be a new one under its old name', async () => {
    project.write(
      'migrations/1700000000000-people.sql',
      '-- up\nCREATE TABLE people (id serial PRIMARY KEY, name varchar NOT NULL);\n-- down\nDROP TABLE people;\n',
    );
    entity('@Column() name!: string;');
    const asked = await generate();
    expect([asked.code, asked.stderr]).toEqual([3, expect.stringContaining('--rename people=users ')]);
    await generated(...onServer, '--keep', 'people');
    expect(texts(/\.ts$/)).toContain('CREATE TABLE "users"');
  });

  itInFull(
    'include a check that cannot be kept for the new type of its column: it is named, with the statement that drops it',
    async () => {
      byHand(
        "state text NOT NULL CONSTRAINT known CHECK (state IN ('new', 'old')), CONSTRAINT short CHECK (id < 1000)",
      );
      entity("@Column({ type: 'enum', enum: ['new', 'old'] }) state!: string;");
      for (const how of [[], ['--no-online']]) {
        const { code, stderr } = await generate(...how);
        expect([code, stderr]).toEqual([
          3,
          expect.stringContaining(
            'users.state becomes public.users_state_enum, but constraint users.known is for the old type',
          ),
        ]);
        expect(stderr).toContain('ALTER TABLE "public"."users" DROP CONSTRAINT "known"\n');
        expect(stderr).not.toContain('short');
      }
      project.write(
        'migrations/1700000000001-known.sql',
        `-- up\nALTER TABLE users DROP CONSTRAINT known;\n-- down\nALTER TABLE users ADD CONSTRAINT known CHECK (state IN ('new', 'old'));\n`,
      );
      await generated(...onServer);
    },
  );

  itInFull('are renamed or dropped if the author says so', async () => {
    project.write(
      'migrations/1700000000000-users.sql',
      '-- up\nCREATE TABLE users (id serial CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY, name varchar, old int);\n-- down\nDROP TABLE users;\n',
    );
    entity('@Column({ nullable: true }) fullName!: string;');
    const asked = await generate(...onServer, '--dry-run');
    expect(asked.stderr).toContain(
      'users.name was created by hand and is not in the entities, and users.fullName is new: was it renamed?',
    );
    expect(asked.stderr).not.toContain('users.old');
    entity("@RenamedFrom('name') @Column({ nullable: true }) fullName!: string;");
    await generated(...onServer, '--drop', 'users.old', '--allow-destructive');
    expect(texts(/./)).toContain('"fullName" = "name"');
    expect(contract()).toMatch(/DROP COLUMN "name"[^]*DROP COLUMN "old"|DROP COLUMN "old"[^]*DROP COLUMN "name"/);
    expect((await generate(...onServer)).stdout).toContain('Nothing to do');
  });

  itInFull('are distinguished from generated ones, whatever their SQL contains inside a function', async () => {
    withFirst();
    project.write(
      'migrations/1999999999999-Touch.ts',
      `import type { MigrationInterface, QueryRunner } from 'typeorm';
export class Touch1999999999999 implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id = NEW.id; RETURN NEW; END $$\`);
  }
  async down(queryRunner: QueryRunner) { await queryRunner.query('DROP FUNCTION touch()'); }
}
`,
    );
    entity('');
    await generated(...onServer, '--allow-destructive');
    expect(contract()).toContain('DROP COLUMN "name"');
  });
});

describe('errors', () => {
  it('a migration that cannot be replayed: the migration, the statement and the reason are named', async () => {
    project.write('migrations/1700000000001-broken.sql', '-- up\nSELECT 1;\nUPDATE nowhere SET x = 1;\n-- down\n');
    const { code, stderr } = await generate();
    expect(stderr).toContain(
      'Migration Broken1700000000001 could not be replayed on the empty shadow database: relation "nowhere" does not exist (42P01).',
    );
    expect(stderr).toContain('UPDATE nowhere SET x = 1');
    expect(code).toBe(1);
  });

  it('an entity that TypeORM cannot create, which is reported without replaying the migrations', async () => {
    entity('@Column() name!: string;', "@Check('nme > 0')");
    project.write(
      'migrations/1700000000001-Seen.ts',
      `import { writeFileSync } from 'node:fs';
export class Seen1700000000001 {
  async up() { writeFileSync('replayed', ''); }
}
`,
    );
    const { code, stderr } = await generate();
    expect(stderr).toContain('Entity User (table users) cannot be created: column "nme" does not exist');
    expect(code).toBe(1);
    expect(project.has('replayed')).toBe(false);
  });

  itInFull(
    'a migration that may not do something in the role that it has taken: another shadow would not help',
    async () => {
      project.write(
        'migrations/1600000000000-Taken.sql',
        '-- up\nCREATE ROLE taken_by_migration;\nSET ROLE taken_by_migration;\nCREATE TABLE public.denied (id int);\n',
      );
      const { stderr, code } = await cli('generate');
      expect([code, stderr]).toEqual([1, expect.stringContaining('permission denied for schema public (42501)')]);
      expect(stderr).not.toContain('--shadow');
    },
  );

  itInFull('a shadow server that does not exist', async () => {
    const { code, stderr } = await cli('generate', '--shadow', 'postgres://me:hunter2@127.0.0.1:1/x');
    expect(stderr).toContain('No shadow database could be created at postgres://me:***@127.0.0.1:1/x');
    expect(stderr).not.toContain('hunter2');
    expect(code).toBe(1);
  });
});

describe('on a server', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
    project.write('.env', `DATABASE_URL=${database.url}\n`);
  });
  afterEach(() => database.drop());

  itInFull('the setting shadow is the same as --shadow, which has precedence', async () => {
    const settings = (shadow: string): void =>
      void project.write('package.json', JSON.stringify({ name: 'app', 'nest-migrate': { shadow } }));
    settings('postgres://app@127.0.0.1:1/postgres');
    const { stderr, code } = await cli('generate');
    expect([stderr, code]).toEqual([expect.stringContaining('127.0.0.1:1/postgres'), 1]);
    expect(await generated(...onServer, '--dry-run')).toContain('CREATE TABLE');
    settings(serverUrl());
    // No PostgreSQL is started in a thread of this process, ahead of time.
    project.write('threads.cjs', "process.on('worker', () => process.stderr.write('a thread is started'));");
    const env = { NODE_OPTIONS: '--require ./threads.cjs' };
    const onSetting = await runCli(['generate'], { cwd: project.dir, env });
    expect([onSetting.stdout, onSetting.stderr]).toEqual([
      expect.stringContaining('Init.ts'),
      expect.not.stringContaining('a thread is started'),
    ]);
  });

  it('--shadow needs only CREATEDB, and leaves no database behind', async () => {
    const role = await createRole('CREATEDB');
    try {
      await generated('--shadow', database.urlFor(role.name, role.password));
      // Of this role only: other tests make shadows on the same server at the same time.
      const left = `SELECT datname FROM pg_database WHERE datdba = '${role.name}'::regrole`;
      expect(await database.query(left)).toEqual([]);
    } finally {
      await role.drop();
    }
  });

  it('--shadow of a role that may not create databases: shows the statement for an administrator', async () => {
    const role = await createRole();
    try {
      const { stderr } = await cli('generate', '--shadow', database.urlFor(role.name, role.password));
      expect(stderr).toContain(`→ Give the role CREATEDB: ALTER ROLE "${role.name}" CREATEDB\n`);
    } finally {
      await role.drop();
    }
  });

  itInFull('--shadow of a role that may not create an extension: names the privilege, not the server', async () => {
    const role = await createRole('CREATEDB');
    const url = database.urlFor(role.name, role.password);
    try {
      project.write('migrations/1600000000000-Inspect.sql', '-- up\nCREATE EXTENSION pageinspect;\n');
      const replayed = await cli('generate', '--shadow', url);
      expect([replayed.code, replayed.stderr]).toEqual([1, expect.stringMatching(lacksPrivilege)]);
    } finally {
      await role.drop();
    }
  });
  const lacksPrivilege =
    /→ The role with which the shadow is used lacks a privilege \(permission denied to create extension "pageinspect"\)\. Use the role of an administrator/;

  itInFull('--from begins with a live database', async () => {
    withFirst();
    await cli('run');
    await database.query('ALTER TABLE users ADD nick text');
    entity(
      `@Column() name!: string; @Column('text', { nullable: true }) nick?: string; @Column({ nullable: true }) city?: string;`,
    );
    const { stdout } = await generate('--from', database.url, '--dry-run');
    expect(stdout).toContain('ADD COLUMN "city"');
    expect(stdout).not.toContain('nick');
  });

  it('baseline takes over a synchronized database', async () => {
    await database.query(
      'CREATE TABLE users (id SERIAL NOT NULL, name character varying NOT NULL, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id))',
    );
    await database.query("INSERT INTO users (name) VALUES ('Ada')");
    await database.query(`CREATE INDEX by_hand ON users (name); CREATE EXTENSION cube; CREATE TABLE events_1 (id int);
      CREATE SCHEMA pgboss; CREATE TABLE pgboss.job (id int)`);
    const ignore = ['--ignore', 'public.events_*'];
    expect((await cli('baseline', '--check', ...onServer)).stdout).toBe(
      'The database has all that the entities describe, and 2 objects that they do not.\n',
    );
    const { stdout, stderr, code } = await cli('baseline', ...onServer, ...ignore);
    expect(stdout).toMatch(
      /^\+ migrations\/\d{13}-Baseline\.ts\nRecorded as applied, without being executed: Baseline\d{13}\.\n$/,
    );
    expect(stderr.match(/^(?:!| {2}To) .*/gm)).toEqual([
      '! index by_hand is in the database, but not in the entities.',
      '  To include them in the migration: nest-migrate baseline --take-over',
    ]);
    expect(code).toBe(0);
    const later = await cli('baseline', 'Others', '--take-over', ...onServer, ...ignore);
    expect(later.stdout).toMatch(
      /^\+ migrations\/\d{13}-Others\.ts\nIncluded, although no entity describes them:\n {2}extension cube\n {2}index by_hand\nRecorded as/,
    );
    expect(later.stderr).toMatch(/^! Step 1 creates the extension cube\. If the migrating role is not allowed/m);
    expect(texts(/Others/)).toContain('static readonly byHand = true;');
    expect(await database.query('SELECT name FROM users')).toEqual([{ name: 'Ada' }]);
    expect((await cli('run')).stdout).toContain('Nothing to do');
    expect(await generated(...onServer)).toContain('Nothing to do');
  });

  itInFull('baseline takes over the moment that the server has made of a default', async () => {
    entity(`@Column({ type: 'timestamptz', default: 'now()' }) at!: Date;`);
    await database.query(
      `CREATE TABLE users (id SERIAL NOT NULL, at timestamptz NOT NULL DEFAULT 'now()', CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id))`,
    );
    const { code, stderr } = await cli('baseline', ...onServer);
    expect(stderr).toContain("! The default of users.at is the string 'now()'");
    expect(code).toBe(0);
    expect((await cli('drift', ...onServer)).stdout).toContain('No drift');
    expect(await generated(...onServer)).toContain('Nothing to do');
  });

  itInFull('baseline takes over all that no entity describes, where it is told to', async () => {
    await database.query(`CREATE EXTENSION citext; CREATE EXTENSION pg_stat_statements; CREATE SCHEMA audit;
      CREATE TYPE audit.kind AS ENUM ('insert', 'update'); CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
      CREATE FUNCTION slug(name text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(name)';
      CREATE TABLE users (id SERIAL NOT NULL, name character varying NOT NULL, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id),
        legacy citext, CONSTRAINT short_name CHECK (slug(name) <> ''));
      CREATE INDEX by_hand ON users (slug(name)); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON users USING (name = CURRENT_USER); COMMENT ON INDEX by_hand IS 'for the search';
      CREATE TABLE audit.entries (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "user" int REFERENCES users ON DELETE CASCADE, kind audit.kind, note short);
      CREATE FUNCTION audit.log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit.entries ("user", kind) VALUES (NEW.id, 'insert'); RETURN NEW; END $$;
      CREATE TRIGGER log AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION audit.log();
      CREATE VIEW names AS SELECT id, slug(name) AS slug FROM users; CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM names;
      CREATE FUNCTION a_total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM names'; CREATE SEQUENCE invoices START 1000 INCREMENT 5;
      CREATE TYPE pair AS (a int, b text); CREATE TABLE uses_pair (p pair, s short, note text);
      CREATE PUBLICATION changes FOR TABLE users; CREATE TABLE events_1 (id int); CREATE VIEW of_events AS SELECT id FROM events_1; CREATE SCHEMA pgboss; CREATE TABLE pgboss.job (id int)`);
    const flags = ['--ignore', 'public.events_*', ...onServer, '--json'];
    const { unknown } = JSON.parse((await cli('baseline', '--check', ...flags)).stdout) as { unknown: string[] };
    const left = ['view of_events'];
    expect(unknown).toEqual(
      expect.arrayContaining(['function slug(text)', 'materialized view totals', 'trigger users.log', ...left]),
    );
    const { stdout, stderr } = await cli('baseline', '--take-over', ...flags);
    const result = JSON.parse(stdout) as { readonly [key: string]: readonly string[] };
    expect([result['drift'], result['unknown'], stderr]).toEqual([[], left, expect.stringContaining(left[0] ?? '')]);
    const taken = unknown.filter((object) => !left.includes(object));
    expect(result['takenOver']).toEqual(expect.arrayContaining(['extension citext', ...taken]));
    expect(result['recorded']?.length).toBeGreaterThan(1);
    expect(texts(/Baseline/)).not.toMatch(/events_1|pgboss|pg_stat_statements/);
    expect(files()).toHaveLength(1);
    expect((await cli('drift', ...flags, '--ignore', 'view:of_events')).code).toBe(0);
    const next = await cli('generate', ...onServer);
    expect([next.code, next.stdout]).toEqual([0, 'Nothing to do: the migrations match the entities.\n']);
    expect((await cli('check', ...onServer, '--skip', 'lint')).code).toBe(0);
    const empty = await createDatabase();
    const here = { cwd: project.dir, env: { DATABASE_URL: empty.url } };
    await runCli(['run'], here);
    await database.query(
      'DROP VIEW of_events; DROP TABLE events_1; DROP SCHEMA pgboss CASCADE; DROP EXTENSION pg_stat_statements',
    );
    const [old, made] = await Promise.all([database, empty].map((one) => one.query(everyDefinition)));
    expect(made).toEqual(old);
    expect(old?.length).toBeGreaterThan(30);
    await empty.drop();
  });

  if (full)
    itInFull('baseline knows a view that another version of PostgreSQL prints otherwise', async () => {
      project.write(
        'src/names.entity.ts',
        `import { ViewColumn, ViewEntity } from 'typeorm';
@ViewEntity('names', { expression: 'SELECT id, name FROM users' })
export class Names { @ViewColumn() id!: number; @ViewColumn() name!: string; }
`,
      );
      await database.query(
        'CREATE TABLE users (id SERIAL NOT NULL, name character varying NOT NULL, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id))',
      );
      await database.query('CREATE VIEW names AS SELECT id, name FROM users');
      expect((await cli('baseline', '--check')).stdout).toBe('The database matches the entities.\n');
    });

  itInFull('baseline shows how a database differs, and records nothing', async () => {
    await database.query('CREATE TABLE users (id SERIAL PRIMARY KEY)');
    const { stdout, code } = await cli('baseline', ...onServer);
    expect(stdout).toContain('The database differs from the expected schema.');
    expect(stdout).toContain('ADD COLUMN "name" character varying NOT NULL;');
    expect(code).toBe(3);
    expect(project.has('migrations')).toBe(false);
    expect(await database.query("SELECT to_regclass('migrations') AS ledger")).toEqual([{ ledger: null }]);
  });
});
