import { DataSource } from 'typeorm';
import type { CheckResult, CheckStep } from '../../src/commands/check/types.js';
import { createMigrator } from '../../src/migrator.js';
import { runCli } from '../support/cli.js';
import { serverUrl } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

export const lock = 'migrations/migrations.lock';
export const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['src/*.entity.ts'], migrations: ['migrations/*.{ts,js,sql}'] });
`;
export const entity = (columns: string): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('users')
export class User {
  @PrimaryGeneratedColumn() id!: number;
  ${columns}
}
`;
export const sql = (up: string, down: string): string => `-- up\n${up};\n-- down\n${down};\n`;
export const createUsers = sql(
  'CREATE TABLE users (id SERIAL NOT NULL, name character varying NOT NULL, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id))',
  'DROP TABLE users',
);
export const addEmail = ['ALTER TABLE users ADD email text', 'ALTER TABLE users DROP COLUMN email'] as const;

export interface CheckedProject extends TestProject {
  cli(...args: string[]): ReturnType<typeof runCli>;
  /** The result of some steps. */
  check(only: string, ...args: string[]): Promise<CheckResult & { readonly code: number | null }>;
  step(name: string, ...args: string[]): Promise<CheckStep>;
  migration(name: string, up: string, down: string): void;
  /** Rewrites `migrations.lock` to set up a test: without starting a process, which takes a second. */
  locked(): Promise<CheckResult>;
}

/** A project with one entity, and the migration that makes its table. */
export function checkedProject(): CheckedProject {
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'tsconfig.json':
      '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "esModuleInterop": true, "skipLibCheck": true } }',
    'data-source.ts': dataSource,
    'src/user.entity.ts': entity('@Column() name!: string;'),
    'migrations/1700000000001-CreateUsers.sql': createUsers,
  });
  const cli: CheckedProject['cli'] = (...args) => runCli(args, { cwd: project.dir });
  const check: CheckedProject['check'] = async (only, ...args) => {
    // Throwaway databases on the test server are quicker than PostgreSQL in each process.
    const { stdout, stderr, code } = await cli('check', '--shadow', serverUrl(), '--only', only, '--json', ...args);
    try {
      return { ...(JSON.parse(stdout) as CheckResult), code };
    } catch {
      throw new Error(`Not one JSON object: ${stdout}\n${stderr}`);
    }
  };
  return {
    ...project,
    cli,
    check,
    step: async (name, ...args) => {
      const [step] = (await check(name, ...args)).steps;
      if (!step) throw new Error(`There is no step ${name}.`);
      return step;
    },
    migration: (name, up, down) => void project.write(`migrations/${name}.sql`, sql(up, down)),
    locked: async () => {
      const dataSource = new DataSource({ type: 'postgres', migrations: [`${project.dir}/migrations/*.{ts,js,sql}`] });
      const migrator = createMigrator({ dataSource, settings: { dir: `${project.dir}/migrations` } });
      try {
        return await migrator.check({ only: ['files'], writeLock: true });
      } finally {
        await migrator.close();
      }
    },
  };
}

export const said = (step: CheckStep | undefined): string[] => (step?.findings ?? []).map(({ message }) => message);
