import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli, runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, createRole } from '../support/database.js';
import { createProject } from '../support/project.js';
import { itInFull, sample } from '../support/sample.js';
import type { GenerateResult } from '../../src/commands/generate/types.js';
import { newExtensions, projects, roles } from './projects.js';
import { usualBuild } from './shape.js';
import type { Address, FieldProject, Files } from './shape.js';

const outcome = ({ code, stdout, stderr }: CliResult): string => `${code}\n${stdout}${stderr}`;

describe('the first use in an existing project', () => {
  let server: Awaited<ReturnType<typeof createDatabase>>;
  beforeAll(async () => {
    server = await createDatabase();
    for (const role of roles) await server.query(`CREATE ROLE ${role}`);
  });
  afterAll(async () => {
    for (const role of roles) await server.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await server.drop();
  });

  it.each(sample(projects, 20).map((project) => [project.name, project] as const))('%s', async (_name, project) => {
    await withProject(project, async (at, migrations) => {
      expect(outcome(await at('init'))).toMatch(/^0\n/);
      if (project.adopted) at.write(project.adopted);
      expect(outcome(await at('init', '--json'))).toContain(`"reads": "${project.reads ?? 'src/data-source.ts'}"`);
      const { first = 'run' } = project;
      if (first === 'run') expect(outcome(await at('status'))).toMatch(/pending/);
      expect(outcome(await at(first))).toMatch(/^0\n/);
      // What is new for it does not look like a change of the entities, nor like another person's work in the database.
      expect(outcome(await at('check', '--database'))).toMatch(/^[03]\n(?:.*\n)*✓ entities(?:.*\n)*✓ drift/);
      const before = migrations();
      for (const [index, change] of project.changes.entries()) {
        at.write(change);
        expect(outcome(await at('generate', `Change${index + 1}`))).toMatch(/^0\n\+ /);
      }
      const made = migrations().filter((file) => !before.includes(file));
      if (project.plans) expect(outcome(await at('plan'))).not.toMatch(/will fail|cannot be judged/);
      const texts = made.map((file) => at.read(file)).join('');
      expect(texts).toMatch(project.writes);
      if (project.neverWrites) expect(texts).not.toMatch(project.neverWrites);
      expect(outcome(await at('run'))).toMatch(/^0\n/);
      expect(outcome(await at('check', '--skip', 'lint'))).toMatch(/^0\n/);
      expect(outcome(await at('lint', '--all'))).not.toMatch(/cannot-be-judged|✖/);
      expect(outcome(await at('drift'))).toMatch(/^0\nNo drift/);
      expect(outcome(await at('revert', '--count', String(migrations().length)))).toMatch(project.reverts ?? /^0\n/);
      await at.build();
      expect(outcome(await at.inProduction('run'))).toMatch(/^0\n[^]*\d migrations? applied/);
      // The app itself works with another role, which may use what there is and create nothing.
      expect(outcome(await at.boot())).toBe('0\nbooted, pending: 0, problems: []\n');
      expect(outcome(await at('status'))).toMatch(/^0\n[^!]*; nothing is pending\.\n/);
    });
  });

  itInFull('extensions that only an administrator may install', () =>
    withProject(newExtensions, async (at, migrations, dba) => {
      expect(outcome(await at('run'))).toMatch(/^0\n/);
      at.write(newExtensions.changes[0] ?? {});
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
  );
});

interface At {
  (...args: readonly string[]): Promise<CliResult>;
  inProduction(...args: readonly string[]): Promise<CliResult>;
  build(): Promise<void>;
  boot(): Promise<CliResult>;
  write(files: Files): void;
  read(file: string): string;
}

const usualVariables = ({ url, host, port, name, user, password }: Address): Readonly<Record<string, string>> => ({
  DATABASE_URL: url,
  ...{ DB_HOST: host, DB_PORT: port, DB_NAME: name, DB_USER: user, DB_PASSWORD: password },
});
/**
 * Lends a project, and a database whose objects a role migrates that is no superuser, owns neither the database nor its extensions, and is
 * another one than that of the app.
 */
async function withProject(
  project: FieldProject,
  work: (at: At, migrations: () => readonly string[], dba: (sql: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const made = createProject(project.files);
  const database = await createDatabase();
  const [role, app] = [await createRole(), await createRole()];
  const addressOf = ({ name: user, password }: typeof role): Address => {
    const { hostname: host, port } = new URL(database.url);
    return { url: database.urlFor(user, password), host, port, name: database.name, user, password };
  };
  const variables = project.variables ?? usualVariables;
  try {
    await database.query(project.prepared(role.name, app.name));
    await database.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${role.name} GRANT ALL ON TABLES TO ${app.name};
      ALTER DEFAULT PRIVILEGES FOR ROLE ${role.name} GRANT ALL ON SEQUENCES TO ${app.name};
      ALTER DEFAULT PRIVILEGES FOR ROLE ${role.name} GRANT USAGE ON SCHEMAS TO ${app.name}`);
    for (const { nspname } of await database.query(`SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'`))
      await database.query(`GRANT USAGE ON SCHEMA ${nspname as string} TO ${app.name}`);
    for (const [name, folder] of Object.entries(project.links ?? {})) {
      const link = join(made.dir, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(made.dir, folder), link);
    }
    const cwd = join(made.dir, project.cwd ?? '.');
    const environment = (of: typeof role): Readonly<Record<string, string>> => {
      if (!project.dotenv) return variables(addressOf(of));
      const lines = Object.entries(variables(addressOf(of))).map(([name, value]) => `${name}=${value}`);
      made.write(join(project.cwd ?? '.', '.env'), lines.join('\n'));
      return {};
    };
    const env = environment(role);
    const folder = project.migrations ?? 'src/migrations';
    const at: At = Object.assign((...args: readonly string[]) => runCli(args, { cwd, env }), {
      inProduction: (...args: readonly string[]) =>
        runCli([...args, ...(project.production ?? [])], { cwd, env: { ...env, NODE_ENV: 'production' } }),
      build: async () => {
        for (const args of project.build ?? usualBuild) expect(outcome(await runNode(args, { cwd }))).toBe('0\n');
      },
      boot: () =>
        runNode([project.main ?? 'dist/main.js'], { cwd, env: { ...environment(app), NODE_ENV: 'production' } }),
      write: (files: Files) => Object.entries(files).forEach(([path, text]) => made.write(path, text)),
      read: (file: string) => made.read(join(folder, file)),
    });
    const migrations = (): readonly string[] =>
      (made.has(folder) ? readdirSync(join(made.dir, folder)) : []).filter((file) => /^\d{13}-.*\.[jt]s$/.test(file));
    await work(at, migrations, (sql) => database.query(sql));
  } finally {
    made.remove();
    for (const { name } of [role, app]) await database.query(`DROP OWNED BY ${name} CASCADE`);
    await database.drop();
    await role.drop();
    await app.drop();
  }
}
