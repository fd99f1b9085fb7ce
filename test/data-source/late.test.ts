import { describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { lateDataSource } from '../../src/data-source/late-data-source.js';
import { attachSettings, settingsOf } from '../../src/data-source/settings.js';
import { withOwn } from '../../src/typeorm/own-methods.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';

const options = { type: 'postgres', url: 'postgres://localhost/x' } as const;

describe('a data source that is created on demand', () => {
  it('has its options, settings and brand without being created', async () => {
    const make = jest.fn(() => new DataSource(options));
    const dataSource = lateDataSource(options, make);
    attachSettings(dataSource, { lockTimeout: '3s' });
    const awaited = await Promise.resolve(dataSource);
    expect(awaited.options).toBe(options);
    expect(awaited.isInitialized).toBe(false);
    expect(settingsOf(awaited)).toEqual({ lockTimeout: '3s' });
    expect(make).not.toHaveBeenCalled();
  });

  it('is the real one after its creation', () => {
    const make = jest.fn(() => new DataSource(options));
    const dataSource = lateDataSource(options, make);
    expect(dataSource.driver.options.type).toBe('postgres');
    expect(dataSource).toBeInstanceOf(DataSource);
    expect(dataSource.createQueryRunner().constructor.name).toBe('PostgresQueryRunner');
    expect(() => dataSource.getMetadata('nothing')).toThrow('No metadata for "nothing" was found');
    (dataSource as unknown as { name: string }).name = 'other';
    expect(make.mock.results[0]?.value).toMatchObject({ name: 'other' });
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('loses the methods that were put on it, also when it was created in the meantime', async () => {
    const real = new DataSource(options);
    const dataSource = lateDataSource(options, () => real);
    for (const name of ['one', 'two']) {
      const createQueryRunner = (): never => {
        throw new Error(name);
      };
      await withOwn(dataSource, { createQueryRunner }, async () => {
        await Promise.resolve();
        expect(() => dataSource.createQueryRunner()).toThrow(name);
      });
      // Otherwise, each migration would leave a function that calls that of the one before.
      expect(Object.keys(real)).not.toContain('createQueryRunner');
    }
    expect(dataSource.createQueryRunner().constructor.name).toBe('PostgresQueryRunner');
  });
});

describe.each([
  ['CommonJS', '{ "name": "app" }', '__dirname', 'commonjs'],
  ['an ES module', '{ "name": "app", "type": "module" }', 'import.meta.dirname', 'nodenext'],
])('the command, with a data source file that is %s', (_kind, manifest, here, module) => {
  it('loads TypeORM only if a migration is pending', async () => {
    const database = await createDatabase();
    const project = createProject({
      'package.json': manifest,
      'tsconfig.json': `{ "compilerOptions": { "module": "${module}", "target": "es2022", "skipLibCheck": true } }`,
      '.env': `DATABASE_URL=${database.url}\n`,
      'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: ${here}, migrations: ['migrations/*.sql'] });
`,
      'migrations/1700000000001-One.sql': '-- up\nCREATE TABLE one (id int);\n-- down\nDROP TABLE one;\n',
      'without-typeorm.cjs': `const Module = require('node:module');
const load = Module._load;
Module._load = (name, ...rest) => {
  if (name === 'typeorm') throw new Error('TypeORM is loaded.');
  return load(name, ...rest);
};`,
    });
    try {
      const env = { NODE_OPTIONS: '--require ./without-typeorm.cjs' };
      const cli = (args: string[], where: object = {}) => runCli(args, { cwd: project.dir, ...where });
      const blocked = await cli(['run'], { env });
      expect(blocked.code).toBe(1);
      expect(blocked.stderr).toContain('TypeORM is loaded.');
      expect(await cli(['run'])).toMatchObject({ code: 0 });
      expect(await cli(['run'], { env })).toMatchObject({ code: 0, stdout: 'Nothing to do: nothing is pending.\n' });
      expect((await cli(['status', '--json'], { env })).stdout).toContain('"name": "One1700000000001"');
    } finally {
      project.remove();
      await database.drop();
    }
  });
});
