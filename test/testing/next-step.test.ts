import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, testMigration } from '../../src/testing/index.js';
import type { PostgresOptions } from '../../src/data-source/define-options.js';
import { serverUrl } from '../support/database.js';
import { failureOf } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const on = { server: serverUrl() };

let project: TestProject;
beforeAll(() => {
  project = createProject({
    'package.json': '{}',
    'tsconfig.json': '{ "compilerOptions": { "outDir": "dist" } }',
    'src/main.ts': '',
    'src/migrations/1700000000000-CreateUsers.ts': 'export class CreateUsers1700000000000 {}',
    'compiled/dist/m/1700000000001-Gone.js': '',
    'compiled/package.json': '{}',
    'compiled/src/m/1700000000002-Other.ts': '',
    'uuid/1700000000003-Uuid.sql':
      '-- up\nCREATE TABLE users (id uuid DEFAULT uuid_generate_v4());\n-- down\nDROP TABLE users;',
  });
});
afterAll(() => project.remove());

const optionsWith = (pattern: string): PostgresOptions => ({
  type: 'postgres',
  migrations: [join(project.dir, pattern)],
});

describe('the message of a failed test database', () => {
  it('names sources that are not compiled, instead of leaving them out', async () => {
    const error = await failureOf(createTestDatabase(optionsWith('dist/migrations/*.js'), on));
    expect(error.code).toBe('BUILD_STALE');
    expect(error.message).toMatch(
      /src\/migrations\/1700000000000-CreateUsers\.ts is not compiled yet[^]*\n→ npm run build/,
    );
  });

  it('names compiled files whose source is gone', async () => {
    const error = await failureOf(createTestDatabase(optionsWith('compiled/dist/m/*.js'), on));
    expect(error.message).toMatch(/1700000000001-Gone\.js is gone/);
  });

  it('contains the next step, because test runners print nothing else', async () => {
    const error = await failureOf(
      testMigration(optionsWith('uuid/*.sql'), 'Nothing', { ...on, after: () => undefined }),
    );
    expect(error.message.endsWith(`\n→ ${error.next}`)).toBe(true);
  });

  it('says where an extension comes from that only TypeORM installs', async () => {
    const error = await failureOf(createTestDatabase(optionsWith('uuid/*.sql'), on));
    expect(error.message).toMatch(
      /uuid_generate_v4\(\) does not exist[^]*No test database was created\.\n→ TypeORM installs extensions that the entities need\.[^]*entities: \['src[^]*initialState: CREATE EXTENSION "uuid-ossp"$/,
    );
  });
});
