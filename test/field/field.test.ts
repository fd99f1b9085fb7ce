import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli, runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, createRole } from '../support/database.js';
import { createProject } from '../support/project.js';
import { itInFull, sample } from '../support/sample.js';
import type { GenerateResult } from '../../src/commands/generate/types.js';
import { newExtensions, projects, roles } from './projects.js';
import type { FieldProject } from './projects.js';

const outcome = ({ code, stdout, stderr }: CliResult): string => `${code}\n${stdout}${stderr}`;

describe('the first contact of an existing project', () => {
  let server: Awaited<ReturnType<typeof createDatabase>>;
  beforeAll(async () => {
    server = await createDatabase();
    for (const role of roles) await server.query(`CREATE ROLE ${role}`);
  });
  afterAll(async () => {
    for (const role of roles) await server.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await server.drop();
  });

  it.each(sample(projects, 4).map((project) => [project.name, project] as const))(
    '%s',
    async (_name, project) => {
      await withProject(project, async (at, migrations) => {
        expect(outcome(await at('status'))).toMatch(/pending/);
        expect(outcome(await at('run'))).toMatch(/^0\n/);
        // What is new for it does not look like a change of the entities, nor like somebody else's work in the database.
        expect(outcome(await at('check', '--database'))).toMatch(/^[03]\n(?:.*\n)*✓ entities(?:.*\n)*✓ drift/);
        const before = migrations();
        at.change();
        expect(outcome(await at('generate', 'Change'))).toMatch(/^0\n\+ /);
        const made = migrations().filter((file) => !before.includes(file));
        if (project.plans) expect(outcome(await at('plan'))).not.toMatch(/will fail|cannot be judged/);
        const texts = made.map((file) => at.read(file)).join('');
        expect(texts).toMatch(project.writes);
        if (project.neverWrites) expect(texts).not.toMatch(project.neverWrites);
        expect(outcome(await at('run'))).toMatch(/^0\n/);
        expect(outcome(await at('check', '--skip', 'lint'))).toMatch(/^0\n/);
        expect(outcome(await at('lint', '--all'))).not.toMatch(/cannot-be-judged|✖/);
        expect(outcome(await at('drift'))).toMatch(/^0\nNo drift/);
        expect(outcome(await at('revert', '--count', String(migrations().length)))).toMatch(/^0\n/);
        if (project.builds) {
          expect(outcome(await at.build())).toBe('0\n');
          expect(outcome(await at.inProduction('run'))).toMatch(/^0\n[^]*2 migrations applied/);
        }
      });
    },
    120_000,
  );

  itInFull(
    'extensions that only a DBA may install',
    () =>
      withProject(newExtensions, async (at, migrations, dba) => {
        expect(outcome(await at('run'))).toMatch(/^0\n/);
        at.change();
        const generated = await at('generate', 'Change', '--json');
        const { warnings, statements } = JSON.parse(generated.stdout) as GenerateResult;
        expect(warnings).toEqual([expect.stringMatching(/cube.*earthdistance \(requires cube\).*an administrator/)]);
        // Nothing else is in the step that cannot be executed.
        const [first, ...others] = [...new Set(statements.map(({ migration }) => migration))];
        expect(others).toHaveLength(1);
        const inFirst = statements.filter(({ migration }) => migration === first).map(({ sql }) => sql);
        expect(inFirst).toEqual([expect.stringMatching(/"cube"/), expect.stringMatching(/"earthdistance"/)]);
        const text = at.read(migrations().at(-1) ?? '');
        expect(text).toMatch(newExtensions.writes);
        expect(text).not.toMatch('COMMENT ON');
        for (const extension of ['cube', 'earthdistance']) {
          const refused = outcome(await at('run'));
          expect(refused).toMatch(/^1\n[^]*ChangeStep1\d+ failed at its statement \d: permission denied/);
          const line = /CREATE EXTENSION[^;\n]*;/.exec(refused.slice(refused.indexOf('Ask an administrator')))?.[0];
          expect(line).toContain(extension);
          await dba(line ?? '');
        }
        expect(outcome(await at('run'))).toMatch(/^0\n[^]*2 migrations applied/);
        expect(outcome(await at('check', '--database', '--skip', 'lint'))).toMatch(/^0\n[^]*✓ drift/);
        expect(outcome(await at('revert'))).toMatch(/^0\n/);
      }),
    120_000,
  );
});

interface At {
  (...args: readonly string[]): Promise<CliResult>;
  inProduction(...args: readonly string[]): Promise<CliResult>;
  build(): Promise<CliResult>;
  change(): void;
  read(file: string): string;
}

/** Lends a project, and a database whose objects a role migrates that is no superuser and owns neither the database nor its extensions. */
async function withProject(
  project: FieldProject,
  work: (at: At, migrations: () => readonly string[], dba: (sql: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const made = createProject(project.files);
  const database = await createDatabase();
  const role = await createRole();
  try {
    await database.query(project.prepared(role.name));
    const { hostname, port } = new URL(database.url);
    const env = {
      DATABASE_URL: database.urlFor(role.name, role.password),
      ...{ DB_HOST: hostname, DB_PORT: port, DB_NAME: database.name, DB_USER: role.name, DB_PASSWORD: role.password },
    };
    const folder = join(made.dir, 'src/migrations');
    const cwd = made.dir;
    const production = { ...env, NODE_ENV: 'production' };
    const at: At = Object.assign((...args: readonly string[]) => runCli(args, { cwd, env }), {
      inProduction: (...args: readonly string[]) => runCli(args, { cwd, env: production }),
      build: () => runNode(['node_modules/typescript/bin/tsc', '--noCheck', '--ignoreDeprecations', '6.0'], { cwd }),
      change: () => Object.entries(project.changed).forEach(([path, text]) => made.write(path, text)),
      read: (file: string) => made.read(`src/migrations/${file}`),
    });
    const migrations = (): readonly string[] => readdirSync(folder).filter((file) => /^\d{13}-.*\.ts$/.test(file));
    await work(at, migrations, (sql) => database.query(sql));
  } finally {
    made.remove();
    await database.query(`DROP OWNED BY ${role.name} CASCADE`);
    await database.drop();
    await role.drop();
  }
}
