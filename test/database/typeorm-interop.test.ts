import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { sample } from '../support/sample.js';

const migrationFile = (name: string, up: string, down: string): string => `
exports.${name} = class ${name} {
  async up(queryRunner) { await queryRunner.query(${JSON.stringify(up)}); }
  async down(queryRunner) { await queryRunner.query(${JSON.stringify(down)}); }
};
`;

const names = ['CreateUsers1700000000001', 'AddEmail1700000000002', 'AddAge1700000000003'];

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({
    'package.json': '{ "name": "interop" }',
    'migrations/1700000000001-CreateUsers.js': migrationFile(
      'CreateUsers1700000000001',
      'CREATE TABLE users (id int)',
      'DROP TABLE users',
    ),
    'migrations/1700000000002-add-email.js': migrationFile(
      'AddEmail1700000000002',
      'ALTER TABLE users ADD email text',
      'ALTER TABLE users DROP COLUMN email',
    ),
    'migrations/1700000000003-AddAge.js': migrationFile(
      'AddAge1700000000003',
      'ALTER TABLE users ADD age int',
      'ALTER TABLE users DROP COLUMN age',
    ),
  });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

const recorded = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

// The real command of TypeORM, of both lines, on the same database and the same files.
describe.each(
  sample(
    [
      ['1.x', 'typeorm'],
      ['0.3', 'typeorm-0-3'],
    ] as const,
    2,
  ),
)('together with the CLI of TypeORM %s', (_version, name) => {
  const cli = resolve('node_modules', name, 'cli.js');
  const typeorm = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runNode([cli, ...args, '-d', 'data-source.js'], { cwd: project.dir });
    expect([code, stderr.replace(/.*Warning.*\n|.*node --trace.*\n/g, '')]).toEqual([0, '']);
    return stdout;
  };
  const ours = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await runCli([...args, '--json'], { cwd: project.dir });
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  beforeEach(() => {
    const from = name === 'typeorm' ? 'typeorm' : resolve('node_modules', name);
    project.write(
      'data-source.js',
      `const { DataSource } = require(${JSON.stringify(from)});
       module.exports = new DataSource({ type: 'postgres', url: ${JSON.stringify(database.url)}, migrations: ['migrations/*.js'] });`,
    );
  });

  it('takes over a database that TypeORM has migrated', async () => {
    await typeorm('migration:run', '-t', 'each');
    expect(await recorded()).toEqual(names);
    expect(await ours('status')).toEqual({
      applied: names.map((one) => ({
        name: one,
        timestamp: Number(one.slice(-13)),
        appliedAt: null,
        durationMs: null,
      })),
      pending: [],
      changes: names.map((one) => ({ name: one, state: 'applied', migrations: [one] })),
      foreign: [],
      newer: [],
      problems: [],
    });
    expect(await ours('run')).toEqual({ applied: [], deferred: [], waitedForLockMs: 0 });
    expect(await ours('revert')).toMatchObject({ reverted: [{ name: names[2] }] });
    expect(await typeorm('migration:show')).toContain('[ ] AddAge1700000000003');
  });

  it('lets TypeORM continue', async () => {
    await ours('run', '--count', '2');
    const shown = await typeorm('migration:show');
    expect(shown).toMatch(/\[X\] \d+ AddEmail1700000000002/);
    await typeorm('migration:run', '-t', 'each');
    await typeorm('migration:revert');
    expect(await recorded()).toEqual(names.slice(0, 2));
    expect(await ours('run')).toMatchObject({ applied: [{ name: names[2] }] });
    expect(await recorded()).toEqual(names);
  });

  it.each(['', 'transaction = false;'])('records a migration once that records itself, too: %s', async (mode) => {
    const own = 'AddCity1700000000004';
    const insert = `INSERT INTO migrations (timestamp, name) SELECT 1700000000004, '${own}' WHERE NOT EXISTS (SELECT FROM migrations WHERE name = '${own}')`;
    project.write(
      'migrations/1700000000004-AddCity.js',
      migrationFile(own, 'ALTER TABLE users ADD city text', 'ALTER TABLE users DROP COLUMN city').replace(
        '  async up(queryRunner) {',
        `  ${mode}\n  async up(queryRunner) { await queryRunner.query(${JSON.stringify(insert)});`,
      ),
    );
    expect(await ours('run')).toMatchObject({ applied: [...names, own].map((one) => ({ name: one })) });
    expect(await recorded()).toEqual([...names, own]);
    expect(await ours('status')).toMatchObject({ pending: [], problems: [] });
    await ours('revert');
    expect(await recorded()).toEqual(names);
  });

  it('loses none of several classes in one file, whatever their names', async () => {
    const [city, zip] = ['AddCity1700000000004', 'AddZip1700000000005'];
    const text = (column: string): string =>
      `exports.all = { ${city}: class ${city} {
         async up(queryRunner) { await queryRunner.query('ALTER TABLE users ADD city text'); }
         async down(queryRunner) { await queryRunner.query('ALTER TABLE users DROP COLUMN city'); }
       } };
       exports.list = [class ${zip} {
         async up(queryRunner) { await queryRunner.query('ALTER TABLE users ADD ${column} text'); }
         async down(queryRunner) { await queryRunner.query('ALTER TABLE users DROP COLUMN ${column}'); }
       }];`;
    const file = 'migrations/1700000000004-AddCity.js';
    project.write(file, text('id'));
    expect((await runCli(['run'], { cwd: project.dir })).code).toBe(1);
    expect(await recorded()).toEqual([...names, city]);
    const lacks = { pending: [{ name: zip }], problems: [] };
    expect(await ours('status')).toMatchObject(lacks);
    project.write(file, text('zip'));
    expect(await ours('run')).toMatchObject({ applied: [{ name: zip }] });
    expect(await ours('status')).toMatchObject({ pending: [], problems: [] });
    await ours('revert');
    expect(await ours('status')).toMatchObject(lacks);
    await typeorm('migration:run', '-t', 'each');
    expect(await recorded()).toEqual([...names, city, zip]);
    expect(await ours('status')).toMatchObject({ pending: [], problems: [] });
    await typeorm('migration:revert');
    expect(await ours('status')).toMatchObject(lacks);
    expect(await ours('run')).toMatchObject({ applied: [{ name: zip }] });
  });

  it('runs and reverts a change of several classes in one file, class by class', async () => {
    const steps = ['AddCityStep11700000000007', 'AddCityStep21700000000008', 'AddCity1700000000009'];
    const text = [
      migrationFile(steps[0] ?? '', 'ALTER TABLE users ADD city text', 'ALTER TABLE users DROP COLUMN city'),
      migrationFile(
        steps[1] ?? '',
        'CREATE INDEX CONCURRENTLY by_city ON users (city)',
        'DROP INDEX CONCURRENTLY by_city',
      ).replace('  async up', '  transaction = false;\n  async up'),
      migrationFile(steps[2] ?? '', 'ALTER TABLE users DROP COLUMN age', 'ALTER TABLE users ADD age int').replace(
        '  async up',
        `  static steps = 3;\n  static phase = 'contract';\n  async up`,
      ),
    ];
    project.write('migrations/1700000000009-add-city.js', text.join('\n'));
    await typeorm('migration:run', '-t', 'each');
    expect(await recorded()).toEqual([...names, ...steps]);
    project.write('migrations/1700000000009-add-city.js', `${text.join('\n')}\nthrow new Error('loaded');`);
    expect(await ours('status')).toMatchObject({ pending: [], problems: [] });
    expect(await ours('run')).toEqual({ applied: [], deferred: [], waitedForLockMs: 0 });
    project.write('migrations/1700000000009-add-city.js', text.join('\n'));
    await typeorm('migration:revert');
    expect(await recorded()).toEqual([...names, ...steps.slice(0, 2)]);
    expect(await ours('status')).toMatchObject({ pending: [{ name: steps[2], phase: 'contract' }], problems: [] });
    expect(await ours('run')).toMatchObject({ applied: [{ name: steps[2] }] });
    expect(await recorded()).toEqual([...names, ...steps]);
  });
});
