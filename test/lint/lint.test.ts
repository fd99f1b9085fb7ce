import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LintResult } from '../../src/commands/lint/types.js';
import { runCli } from '../support/cli.js';
import { serverUrl } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { itInFull } from '../support/sample.js';

const migration = (name: string, ...up: readonly string[]): string => `export class ${name} {
  async up(queryRunner) {
${up.map((sql) => `    await queryRunner.query(\`${sql}\`);`).join('\n')}
  }
  async down() {
    throw new Error('there is no way back');
  }
}
`;

let project: TestProject;
beforeEach(() => {
  project = createProject({
    'package.json': '{ "name": "app", "type": "module" }',
    'data-source.js': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: import.meta.dirname, entities: [], migrations: ['migrations/*.{js,sql}'] });
`,
    'migrations/1700000000000-CreateUsers.js': migration(
      'CreateUsers1700000000000',
      'CREATE TABLE "users" ("id" int PRIMARY KEY, "email" text, "name" varchar(50))',
    ),
  });
});
afterEach(() => project.remove());

const cli = (...args: string[]) => runCli(args, { cwd: project.dir });
const lint = (...args: string[]) => cli('lint', '--shadow', serverUrl(), ...args);
async function found(...args: string[]): Promise<LintResult> {
  const { stdout } = await lint('--json', ...args);
  return JSON.parse(stdout) as LintResult;
}
const addIndex = (...before: readonly string[]): void =>
  void project.write(
    'migrations/1700000100000-AddIndex.js',
    migration('AddIndex1700000100000', ...before, 'CREATE INDEX "by_email"\n      ON "users" ("email")'),
  );
function git(...args: readonly string[]): void {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main'];
  execFileSync('git', [...who, ...args], { cwd: project.dir, stdio: 'pipe' });
}

describe('the judged migrations', () => {
  it('are those not on the main branch', async () => {
    git('init', '-q');
    git('add', 'migrations');
    git('commit', '-qm', 'first');
    const nothing = await lint();
    expect([nothing.stdout, nothing.code]).toEqual([
      'Nothing to lint: no migration is new since main. (--all lints all of them)\n',
      0,
    ]);
    git('checkout', '-qb', 'feature');
    addIndex();
    git('add', 'migrations');
    git('commit', '-qm', 'second');
    expect(await found()).toMatchObject({ migrations: 1, chosen: 'new since main' });
    expect(await found('--since', 'HEAD')).toMatchObject({ migrations: 0 });
    const unknown = await lint('--since', 'origin/nothing');
    expect(unknown.stderr).toContain('git does not know "origin/nothing" here.');
    expect(unknown.stderr).toContain('actions/checkout with fetch-depth: 0');
    expect(unknown.code).toBe(2);
  });

  itInFull('can be listed as classes, and be in several folders', async () => {
    project.write(
      'data-source.js',
      `import { defineDataSource } from 'nest-migrate/data-source';
import { CreateUsers1700000000000 } from './db/users/1700000000000-CreateUsers.js';
import { CreateTags1700000000001 } from './db/tags/1700000000001-CreateTags.js';
import { AddIndex1700000100000 } from './db/tags/1700000100000-AddIndex.js';
const migrations = [CreateUsers1700000000000, CreateTags1700000000001, AddIndex1700000100000];
export default defineDataSource({ baseDir: import.meta.dirname, entities: [], migrations });
`,
    );
    const users = 'db/users/1700000000000-CreateUsers.js';
    project.write(users, migration('CreateUsers1700000000000', 'CREATE TABLE "users" ("email" text)'));
    const tags = 'db/tags/1700000000001-CreateTags.js';
    project.write(tags, migration('CreateTags1700000000001', 'CREATE TABLE "tags" ("name" text)'));
    git('init', '-q');
    git('add', 'db');
    git('commit', '-qm', 'first');
    const added = 'db/tags/1700000100000-AddIndex.js';
    project.write(added, migration('AddIndex1700000100000', 'CREATE INDEX "by_email" ON "users" ("email")'));
    const result = await found();
    expect(result).toMatchObject({ migrations: 1, chosen: 'new since main', findings: [{ file: added, line: 3 }] });
    expect(await found(added)).toMatchObject({ migrations: 1 });
    project.write(
      'data-source.js',
      `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: import.meta.dirname, entities: [], migrations: ['db/*/*.js'] });
`,
    );
    expect(await found()).toMatchObject({ migrations: 1, findings: [{ file: added }] });
  });

  it('must be named without git', async () => {
    const { stderr, code } = await lint();
    expect(stderr).toContain('This is not a git repository, so nest-migrate cannot tell which migrations are new.');
    expect(stderr).toContain('nest-migrate lint --all, --since <revision>, or the names of files.');
    expect(code).toBe(2);
  });

  itInFull('all of them, or by file, name or part of a name; in one way only', async () => {
    addIndex();
    expect(await found('--all')).toMatchObject({ migrations: 2 });
    for (const name of ['migrations/1700000100000-AddIndex.js', 'AddIndex1700000100000', 'AddInd'])
      expect(await found(name)).toMatchObject({ migrations: 1, findings: [{ rule: 'create-index-blocking' }] });
    expect((await lint('AddNothing')).stderr).toContain(
      'None of the 2 migrations of this data source is called "AddNothing"',
    );
    expect((await lint('--all', 'AddIndex')).code).toBe(2);
  });
});

describe('reports', () => {
  it('for people contain the position, the harm, the statement, the observations and the fix', async () => {
    addIndex();
    const { stdout, code } = await lint('AddIndex');
    expect(code).toBe(3);
    expect(stdout).toMatchInlineSnapshot(`
      "migrations/1700000100000-AddIndex.js
        3:30  error  Every write to public.users waits until the index by_email is built.  create-index-blocking
            CREATE INDEX "by_email" …
            seen: locks public.users: SHARE, writes wait; reads all of public.users; builds public.by_email
            instead:
              -- In a migration of its own, without a transaction (transaction = false, in SQL "-- transaction: false"):
              DROP INDEX CONCURRENTLY IF EXISTS "by_email";
              CREATE INDEX CONCURRENTLY "by_email" ON "users" ("email");

      More: nest-migrate help create-index-blocking

      1 migration judged (chosen by name): 1 error.
      "
    `);
  });

  it('as annotations and as SARIF have paths from the root of the repository', async () => {
    addIndex();
    git('init', '-q');
    const below = ['--data-source', '../data-source.js', '--shadow', serverUrl(), 'AddIndex'];
    const inFolder = (...args: string[]) =>
      runCli(['lint', ...below, ...args], { cwd: join(project.dir, 'migrations') });
    const github = await inFolder('--format', 'github');
    expect(github.stdout).toMatch(
      /^::error file=migrations\/1700000100000-AddIndex\.js,line=3,col=30,title=create-index-blocking::Every write to public\.users waits.*%0A/,
    );
    const sarif = JSON.parse((await inFolder('--format', 'sarif')).stdout) as { runs: { results: object[] }[] };
    expect(sarif.runs[0]?.results[0]).toMatchObject({
      ruleId: 'create-index-blocking',
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'migrations/1700000100000-AddIndex.js' },
            region: { startLine: 3 },
          },
        },
      ],
    });
    expect((await lint('AddIndex', '--json', '--format', 'sarif')).code).toBe(2);
  });

  it('show the position of a syntax error', async () => {
    project.write(
      'migrations/1700000100000-Wrong.sql',
      '-- up\nALTER TABLE users\n  ADD COLUM x int;\n-- down\nSELECT 1;\n',
    );
    const { stdout, code } = await lint('Wrong');
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /2:1 {2}error {2}It cannot be judged, because it failed on an empty database: syntax error at or near "int"\. {2}cannot-be-judged\n {6}ADD COLUM x int\n {18}\^\n/,
    );
  });

  it('include a query that a migration does not await, and what follows it', async () => {
    project.write(
      'migrations/1700000100000-Forgets.js',
      `export class Forgets1700000100000 {
  async up(queryRunner) {
    ['a', 'b'].forEach(async (name) => {
      await queryRunner.query('SELECT pg_sleep(0.1)');
      await queryRunner.query(\`CREATE INDEX by_email_\${name} ON users (email)\`);
    });
  }
  async down(queryRunner) {
    await queryRunner.query('DROP INDEX by_email_a; DROP INDEX by_email_b');
  }
}
`,
    );
    const { findings } = await found('Forgets');
    expect(findings.filter(({ rule }) => rule === 'create-index-blocking')).toHaveLength(2);
    expect(findings.map(({ rule }) => rule)).not.toContain('cannot-be-judged');
  });

  it('include a migration that needs data, and the ones after it', async () => {
    project.write(
      'migrations/1700000100000-NeedsAda.js',
      `export class NeedsAda1700000100000 {
  async up(queryRunner) {
    const [ada] = await queryRunner.query('SELECT id FROM users');
    await queryRunner.query('DELETE FROM users WHERE id = ' + ada.id);
  }
  async down() {}
}`,
    );
    project.write(
      'migrations/1700000200000-Later.sql',
      '-- up\nALTER TABLE users ADD COLUMN x int;\n-- down\nALTER TABLE users DROP COLUMN x;\n',
    );
    const { findings } = await found('NeedsAda', 'Later');
    expect(findings.map(({ rule, message }) => [rule, message])).toEqual([
      [
        'cannot-be-judged',
        expect.stringMatching(/Cannot read properties of undefined.* The 1 after it is not judged either\.$/),
      ],
    ]);
  });

  itInFull('name the remedy for an extension that PGlite does not have', async () => {
    project.write(
      'migrations/1700000100000-PostGis.sql',
      '-- up\nCREATE EXTENSION postgis;\n-- down\nDROP EXTENSION postgis;\n',
    );
    const { stdout } = await cli('lint', 'PostGis');
    expect(stdout).toContain('cannot-be-judged');
    expect(stdout).toContain('--shadow postgres://');
  });

  it('include a down that does not restore the schema', async () => {
    project.write(
      'migrations/1700000100000-AddX.sql',
      '-- up\nALTER TABLE users ADD COLUMN x int;\n-- down\nSELECT 1;\n',
    );
    const { findings } = await found('AddX');
    expect(findings).toMatchObject([
      { rule: 'irreversible-down', message: expect.stringContaining('column users.x exists') },
    ]);
  });
});

describe('no finding is reported', () => {
  it('if a comment gives a reason to ignore a rule for its statement', async () => {
    addIndex('SELECT 1');
    project.write(
      'migrations/1700000100000-AddIndex.js',
      project
        .read('migrations/1700000100000-AddIndex.js')
        .replace(
          /( *)(await queryRunner\.query\(`CREATE)/,
          '$1// nest-migrate-ignore create-index-blocking: a hundred rows\n$1$2',
        ),
    );
    const result = await found('AddIndex');
    expect(result.findings).toEqual([]);
    expect(result.ignored).toEqual([
      { rule: 'create-index-blocking', migration: 'AddIndex1700000100000', reason: 'a hundred rows' },
    ]);
  });

  it('except without a reason, for an unknown rule, and for another statement', async () => {
    project.write(
      'migrations/1700000100000-Three.sql',
      `-- up
-- nest-migrate-ignore create-index-blocking
CREATE INDEX a ON users (email);
-- nest-migrate-ignore create-index-bloking: small
CREATE INDEX b ON users (email, id);
-- nest-migrate-ignore create-index-blocking: small
SELECT 1;
-- down
DROP INDEX a, b;
`,
    );
    const { findings } = await found('Three');
    expect(findings.filter(({ severity }) => severity === 'error').map(({ rule, line }) => [rule, line])).toEqual([
      ['create-index-blocking', 3],
      ['create-index-blocking', 5],
      ['ignore-comment', 2],
      ['ignore-comment', 4],
    ]);
  });

  itInFull('settings and flags say how severe a rule is taken', async () => {
    addIndex();
    project.write(
      'package.json',
      '{ "type": "module", "nest-migrate": { "lint": { "rules": { "create-index-blocking": "notice" } } } }',
    );
    expect((await lint('AddIndex')).code).toBe(0);
    expect((await lint('AddIndex', '--fail-on', 'notice')).code).toBe(3);
    expect((await lint('AddIndex', '--rule', 'create-index-blocking=error')).code).toBe(3);
    expect(await found('AddIndex', '--rule', 'create-index-blocking=off')).toMatchObject({ findings: [] });
    const wrong = await lint('AddIndex', '--rule', 'create-index=off', '--rule', 'drop-table=fatal');
    expect(wrong.stderr).toContain('there is no rule "create-index"; did you mean');
    expect(wrong.stderr).toContain('"drop-table" must be one of error, warning, notice, off, but is "fatal"');
    expect(wrong.code).toBe(2);
    const version = await lint('AddIndex', '--target-version', '9');
    expect([version.code, version.stderr]).toEqual([2, expect.stringContaining('14 or later, such as 16')]);
  });
});

describe('--fix', () => {
  it('rewrites a naive migration, proven to lead to the same schema', async () => {
    project.write(
      'migrations/1700000100000-Naive.js',
      migration(
        'Naive1700000100000',
        'CREATE INDEX "by_email" ON "users" ("email")',
        'ALTER TABLE "users" DROP COLUMN "name"',
        'ALTER TABLE "users" ADD "name" varchar(100)',
      ),
    );
    await cli('check', '--write-lock', '--only', 'files', '--shadow', serverUrl());
    const { stdout, code } = await lint('Naive', '--fix');
    expect(stdout).toContain('was rewritten, and is proven to produce the same schema');
    expect(code).toBe(0);
    const files = readdirSync(join(project.dir, 'migrations')).filter((file) => file.endsWith('.js'));
    expect(files).toEqual(['1700000000000-CreateUsers.js', '1700000100000-Naive.js']);
    const text = files.map((file) => project.read(`migrations/${file}`)).join('');
    expect(text).toContain('ALTER TABLE "users" ALTER COLUMN "name" TYPE character varying(100)');
    expect(text).toContain('CREATE INDEX CONCURRENTLY by_email');
    expect(await found('migrations/1700000100000-Naive.js')).toMatchObject({ migrations: 2, findings: [] });
    const { stdout: checked } = await cli('check', '--only', 'files,replay', '--shadow', serverUrl());
    expect(checked).toContain('Good: 2 steps passed.');
  });

  itInFull('of several, each on its own', async () => {
    addIndex();
    project.write(
      'migrations/1700000200000-Required.js',
      migration('Required1700000200000', 'ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL'),
    );
    const { fixed = [] } = await found('AddIndex', 'Required', '--fix');
    expect(fixed.map(({ migration: name, files, left }) => [name, files.length, left])).toEqual([
      ['AddIndex1700000100000', 1, undefined],
      ['Required1700000200000', 1, undefined],
    ]);
    const again = await found('--all');
    expect(again.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(again.migrations).toBe(5);
  });

  itInFull('leaves alone what generate would write in the same way, and says so; counts by rule', async () => {
    project.write(
      'migrations/1700000050000-AddMood.js',
      migration(
        'AddMood1700000050000',
        `CREATE TYPE mood AS ENUM ('good', 'bad', 'unknown')`,
        `ALTER TABLE users ADD COLUMN feels mood DEFAULT 'good'`,
      ),
    );
    const loses = migration(
      'LoseMood1700000200000',
      'ALTER TABLE users ALTER COLUMN feels DROP DEFAULT',
      'ALTER TYPE mood RENAME TO mood_old',
      `CREATE TYPE mood AS ENUM ('good', 'bad')`,
      'ALTER TABLE users ALTER COLUMN feels TYPE mood USING feels::text::mood',
      `ALTER TABLE users ALTER COLUMN feels SET DEFAULT 'good'`,
      'DROP TYPE mood_old',
    );
    project.write('migrations/1700000200000-LoseMood.js', loses);
    addIndex();
    const { stdout, code } = await lint('AddIndex', 'LoseMood', '--fix');
    expect(stdout).toContain('LoseMood.js was left unchanged: generate would block in the same way');
    expect(stdout).toMatch(/^ {6}ALTER TABLE "users" ALTER COLUMN "feels" TYPE .*mood/m);
    expect(stdout).toContain('AddIndex.js was rewritten');
    expect(stdout).toMatch(/^By rule:\n(?: {2}\d {2}[a-z-]+\n){2,}\n2 migrations judged/m);
    expect(project.read('migrations/1700000200000-LoseMood.js')).toBe(loses);
    expect(code).toBe(3);
  });

  it('does not touch a migration whose effect is not visible in the schema, and reports that', async () => {
    addIndex(`UPDATE users SET email = 'x'`);
    const before = project.read('migrations/1700000100000-AddIndex.js');
    const { stdout, code } = await lint('AddIndex', '--fix');
    expect(stdout).toContain(`was left unchanged: "UPDATE users SET email = 'x'" does more than change the schema`);
    expect(code).toBe(3);
    expect(project.read('migrations/1700000100000-AddIndex.js')).toBe(before);
  });
});
