import { afterEach, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
afterEach(() => project.remove());

const connecting = (name: string, options: string): string =>
  `import { Module } from '@nestjs/common';\nimport { TypeOrmModule } from '@nestjs/typeorm';\n@Module({ imports: [\n  TypeOrmModule.forRoot({ type: 'postgres', ${options} }),\n] })\nexport class ${name} {}\n`;

it('takes the module that main.ts starts, not the first one that connects', async () => {
  project = createProject({
    'package.json': '{ "dependencies": { "@nestjs/core": "^11.2.0" } }',
    'src/main.ts':
      "import { MainModule } from './modules/main.module';\nvoid NestFactory.create<NestFastifyApplication>(\n  MainModule,\n  new FastifyAdapter(),\n);\n",
    'src/fix.ts': 'void NestFactory.create(FixModule);\n',
    'src/modules/fix.module.ts': connecting('FixModule', "name: 'source'"),
    'src/modules/main.module.ts': connecting('MainModule', ''),
  });
  expect((await runCli(['init'], { cwd: project.dir })).stdout).toContain(
    'All commands read src/modules/main.module.ts',
  );
});

it('takes the module that main.ts starts, if another one connects', async () => {
  project = createProject({
    'package.json': '{ "dependencies": { "@nestjs/core": "^11.2.0" } }',
    'src/main.ts': 'void NestFactory.create(RootModule);\n',
    'src/database/database.module.ts': connecting('DatabaseModule', ''),
    'src/root.module.ts': 'export class RootModule {}\n',
  });
  expect((await runCli(['init'], { cwd: project.dir })).stdout).toContain('All commands read src/root.module.ts');
});

it('says where the app connects, if it has a data source as well: it must not have two connections', async () => {
  project = createProject({
    'package.json': '{ "dependencies": { "@nestjs/core": "^11.2.0" } }',
    'src/database/database.module.ts': connecting('DatabaseModule', ''),
    'src/data-source.ts': "export default new DataSource({ type: 'postgres' });\n",
  });
  expect((await runCli(['init'], { cwd: project.dir })).stdout).toContain(
    'replace TypeOrmModule.forRoot in src/database/database.module.ts:4 by MigrationsModule.forRoot({ dataSource }). Or keep it',
  );
});

it('takes main.ts if the modules need what it prepares', async () => {
  project = createProject({
    'package.json': '{ "dependencies": { "@nestjs/core": "^11.2.0" } }',
    'src/main.ts':
      "import { initializeTransactionalContext } from 'typeorm-transactional';\nimport { AppModule } from './app.module';\ninitializeTransactionalContext();\nvoid NestFactory.create(AppModule);\n",
    'src/app.module.ts': connecting('AppModule', ''),
  });
  expect((await runCli(['init'], { cwd: project.dir })).stdout).toContain('All commands read src/main.ts');
});

it('does not take the synchronize of an entity or a view for that of a connection', async () => {
  project = createProject({
    'package.json': '{ "dependencies": { "@nestjs/core": "^11.2.0" } }',
    'src/a.view.ts':
      '@ViewEntity({ synchronize: true, expression: `SELECT (1)` })\nexport class A {}\nexport const options = { synchronize: true };\n',
    'src/b.entity.ts': "@Entity('b', { synchronize: true })\nexport class B {}\n",
  });
  const { stdout } = await runCli(['init', '--dry-run'], { cwd: project.dir });
  expect(stdout).toContain('src/a.view.ts:3 sets synchronize: true');
  expect(stdout).not.toContain('src/b.entity.ts');
});

it('says that packages which production needs are listed for development', async () => {
  project = createProject({
    'package.json':
      '{ "dependencies": { "@nestjs/core": "^11.2.0", "@nestjs/typeorm": "^11.0.0" }, "devDependencies": { "typeorm": "^0.3.20", "pg": "^8.0.0" } }',
  });
  const { stdout } = await runCli(['init', '--dry-run'], { cwd: project.dir });
  expect(stdout).not.toContain('does not list');
  expect((await runCli(['init'], { cwd: project.dir })).stdout).toContain(
    'Move typeorm, pg from devDependencies to dependencies: production needs them.',
  );
});
