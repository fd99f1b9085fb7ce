import { runCli } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { blocks } from './blocks.js';
import { commandsIn } from './shell.js';

const packageJson = JSON.stringify({
  ...{ name: 'shop', type: 'module', scripts: { start: 'nest start' } },
  dependencies: { '@nestjs/core': '12', '@nestjs/typeorm': '12', typeorm: '1', pg: '8' },
});
const tsconfig = JSON.stringify({
  compilerOptions: {
    ...{ target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: true },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  },
});

const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: import.meta.dirname, entities: [], migrations: ['migrations/*.sql'] });`;
const tables = `-- up
CREATE TABLE users (id int PRIMARY KEY, email text);
CREATE TABLE posts (id int PRIMARY KEY, author_id int, body_html text);
-- down
DROP TABLE posts;
DROP TABLE users;`;

/** A project whose migrations are the SQL of these pages, in their order, on the tables that they speak of; and their files. */
export function projectOf(pages: readonly string[]): {
  readonly project: TestProject;
  readonly files: readonly string[];
} {
  const project = createProject({
    'package.json': packageJson,
    'data-source.ts': dataSource,
    'migrations/1760000000000-tables.sql': tables,
  });
  const shown = pages.flatMap((page) => blocks.filter((block) => block.page === page && block.language === 'sql'));
  const files = shown.map((_block, index) => `migrations/${1760000000001 + index}-shown.sql`);
  for (const [index, { text }] of shown.entries()) project.write(files[index] ?? '', text);
  return { project, files };
}

interface Walk {
  readonly project: TestProject;
  /** Each command with its exit code, and what it said where it failed. */
  readonly ran: readonly string[];
}

/** Does what a page says, from its first block to its last, in a project of its own: writes its files and types its commands. */
export async function walk(page: string): Promise<Walk> {
  const project = createProject({ 'package.json': packageJson, 'tsconfig.json': tsconfig });
  const ran: string[] = [];
  for (const { language, text } of blocks.filter((block) => block.page === page)) {
    const [, path] = /^\/\/ (\S+\.ts)$/m.exec(text) ?? [];
    if (path !== undefined) project.write(path, text);
    for (const args of language === 'sh' ? commandsIn(text) : []) {
      const { code, stdout, stderr } = await runCli(args, { cwd: project.dir });
      ran.push(`${args.join(' ')}: ${code}${code === 0 ? '' : `\n${stdout}${stderr}`}`);
    }
  }
  return { project, ran };
}
