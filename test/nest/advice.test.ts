import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database.js';
import { failureOf, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';

describe('advice in an app, which has no flags', () => {
  it('names the setting', async () => {
    const database = await createDatabase();
    const file = 'migrations/1700000000001-Add.sql';
    const project = createProject({ [file]: '-- up\nSELECT 1;' });
    const run = () =>
      using({ url: database.url, migrations: [join(project.dir, 'migrations/*.sql')] }, (migrator) => migrator.run());
    await run();
    project.write(file, '-- up\nSELECT 2;');
    const { code, next } = await failureOf(run());
    expect([code, next]).toEqual([
      'MIGRATION_EDITED',
      "Restore the file and write a new migration for the change; or accept the edit: --edited warn; in an app, the setting edited: 'warn'",
    ]);
    await database.drop();
  });

  it('names no flag alone that has a setting', () => {
    // These folders belong to commands that no app runs.
    const others = /^(?:check|drift|dev|generate|lint|plan)\//;
    const flags =
      'connect-timeout|contract|edited|lock-timeout|out-of-order|retry-for|statement-timeout|transaction|wait-for-others';
    const alone = new RegExp(`(?<!nest-migrate run )--(?:${flags})(?= [a-z0-9])`);
    const found = ['src/database', 'src/commands', 'src/nest'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !others.test(name))
        .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
        .filter((line) => alone.test(line) && !/in an app|^\s*(?:\*|\/\/|\/\*\*)/.test(line)),
    );
    expect(found).toEqual([]);
  });
});
