import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { sample } from '../support/sample.js';

/** Everything by which code of a project can print in this process. */
const prints = `console.log('PRINTED'); process.stdout.write('PRINTED'); fs.writeSync(1, 'PRINTED'); fs.write(1, 'PRINTED', () => {}); writeSync(1, 'PRINTED');`;
const imports = `import fs, { writeSync } from 'node:fs';`;

let project: TestProject;
let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  project = createProject({
    'data-source.mjs': `${imports} import { DataSource, EntitySchema } from 'typeorm';
${prints}
const columns = { id: { type: 'int', primary: true }, ...(process.env.WIDER && { added: { type: 'int', nullable: true } }) };
export default new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, migrations: ['migrations/*.mjs'], entities: [new EntitySchema({ name: 't', columns })] });`,
    'migrations/1700000000000-First.mjs': `${imports}
export class First1700000000000 {
  async up(runner) { ${prints} await runner.query('CREATE TABLE t (id int NOT NULL, CONSTRAINT "PK_79c7e4b4e1c5f8a9a2cbc5fb6e8" PRIMARY KEY (id))'); }
  async down(runner) { ${prints} await runner.query('DROP TABLE t'); }
}`,
  });
});
afterAll(async () => {
  project.remove();
  await database.drop();
});

const cli = (args: readonly string[]): Promise<CliResult> =>
  runCli([...args, '--data-source', 'data-source.mjs'], {
    cwd: project.dir,
    env: { DATABASE_URL: database.url, ...(args[0] === 'generate' && { WIDER: '1' }) },
  });

it.each(
  sample<readonly string[]>(
    [
      ['plan', '--shadow', serverUrl()],
      ['run', '--dry-run'],
      ['run'],
      ['status'],
      ['check', '--shadow', serverUrl()],
      ['lint', '--all', '--shadow', serverUrl()],
      ['drift', '--shadow', serverUrl()],
      ['generate', 'Wider', '--dry-run', '--shadow', serverUrl()],
      ['revert', '--dry-run'],
      ['revert'],
    ],
    2,
  ).map((args) => [args] as const),
)('what the code of a project prints is not in the result: %s', async (args) => {
  const { stdout, stderr } = await cli(args);
  expect(stderr).toContain('PRINTED');
  expect(stdout).not.toContain('PRINTED');
  const inJson = await cli([...args, '--json']);
  expect(() => JSON.parse(inJson.stdout) as unknown).not.toThrow();
});
