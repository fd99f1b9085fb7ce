import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { shadowPrefix } from '../../src/data-source/shadow-prefix.js';
import { startCli } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full } from '../support/sample.js';

let project: TestProject;
afterEach(() => project.remove());

const thing = (column = ''): string => `import { Column, Entity, PrimaryColumn } from 'typeorm';
@Entity('things')
export class Thing {
  @PrimaryColumn({ type: 'int', primaryKeyConstraintName: 'things_pkey' }) id!: number;
  ${column}
}`;

/** How `generate --check` ends where nothing is kept of an earlier one, and how many shadows it had at most at a time. */
async function check(): Promise<{ readonly code: number | null; readonly most: number }> {
  const env = { NEST_MIGRATE_CACHE: `${project.dir}/cache` };
  const running = startCli(['generate', '--check'], { cwd: project.dir, env });
  const own = `${shadowPrefix}${running.process.pid}-`;
  let most = 0;
  const watching = setInterval(() => {
    const there = ['/dev/shm', tmpdir()].flatMap((folder) => readdirSync(folder).filter((one) => one.startsWith(own)));
    most = Math.max(most, there.length);
  }, 5);
  const { code } = await running.result.finally(() => clearInterval(watching));
  return { code, most };
}

describe('the shadows of generate --check', () => {
  it('are in memory one at a time, even if something is found', async () => {
    project = createProject({
      'package.json': '{ "name": "app" }',
      'tsconfig.json':
        '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
      'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['*.entity.ts'], migrations: ['migrations/*.sql'] });`,
      'thing.entity.ts': thing(),
      'migrations/1700000000000-things.sql': 'CREATE TABLE things (id int PRIMARY KEY);',
    });
    if (full) expect(await check()).toEqual({ code: 0, most: 1 });
    project.write('thing.entity.ts', thing(`@Column('text', { nullable: true }) note!: string;`));
    project.write('migrations/1700000000001-more.sql', 'CREATE INDEX more ON things ((id + 1));');
    expect(await check()).toEqual({ code: 3, most: 1 });
  });
});
