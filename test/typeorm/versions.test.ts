import { expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { perTest } from '../support/per-test.js';
import { createProject } from '../support/project.js';
import { sample } from '../support/sample.js';

const own = perTest();

const entities = `import { EntitySchema } from 'typeorm';
export const User = new EntitySchema({
  name: 'User',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    email: { type: 'text', unique: true },
    settings: { type: 'jsonb', default: {} },
    kind: { type: 'enum', enum: ['a', 'b'], default: 'a' },
    total: { type: 'int', generatedType: 'STORED', asExpression: '1 + 1' },
    text: { type: 'varchar', length: 100, nullable: true },
  },
});
export const Post = new EntitySchema({
  name: 'Post',
  columns: { id: { type: 'int', primary: true, generated: 'increment' }, at: { type: 'timestamptz', createDate: true } },
  relations: { author: { type: 'many-to-one', target: 'User', lazy: true }, readers: { type: 'many-to-many', target: 'User', joinTable: true } },
});`;

/** What is written by hand uses of TypeORM what the runner has to follow: savepoints, the manager, what TypeORM knows of tables. */
const byHand = `export class ByHand1900000000001 {
  transaction = true;
  async up(queryRunner) {
    await queryRunner.manager.query("INSERT INTO \\"user\\" (email) VALUES ('ada')");
    await queryRunner.startTransaction();
    await queryRunner.query("INSERT INTO \\"user\\" (email) VALUES ('gone')");
    await queryRunner.rollbackTransaction();
    await queryRunner.renameColumn('user', 'text', 'name');
    await queryRunner.query("CREATE INDEX \\"post_at\\" ON post (at)");
    await queryRunner.manager.query("UPDATE \\"user\\" SET name = 'Ada'");
  }
  async down(queryRunner) {
    await queryRunner.dropIndex('post', 'post_at');
    await queryRunner.renameColumn('user', 'name', 'text');
    await queryRunner.query('DELETE FROM "user"');
  }
}`;

/** All in one process: what takes the time is to load TypeORM and to open shadows. */
const script = (url: string): string => `import { renameSync } from 'node:fs';
import { createMigrator } from 'nest-migrate';
import { DataSource } from 'typeorm';
import { User, Post } from './entities.mjs';
const dataSource = new DataSource({ type: 'postgres', url: ${JSON.stringify(url)}, entities: [User, Post], migrations: ['migrations/*.js'] });
const migrator = createMigrator({ dataSource });
const generate = (name) => migrator.generate({ name, language: 'js', moduleKind: 'esm' });
const done = {
  generated: (await generate('Init')).files.length,
  again: (await generate('Again')).files.length,
  applied: (await migrator.run()).applied.length,
};
renameSync('by-hand.js', 'migrations/1900000000001-ByHand.js');
done.rehearsed = (await migrator.run({ mode: 'dry' })).statements.some(({ sql }) => sql.startsWith('CREATE INDEX "post_at"'));
done.appliedByHand = (await migrator.run()).applied.length;
done.rows = await dataSource.query('SELECT email, name FROM "user"');
done.reverted = (await migrator.revert({ count: 2 })).reverted.length;
console.log(JSON.stringify(done));
await migrator.close();`;

// 1.1 and 0.3.31 are what all the other tests run with.
it.each(sample(['typeorm-0-3-20', 'typeorm-1-0'], 2))(
  'with %s a project is generated, migrated by hand as well, and reverted',
  async (typeorm) => {
    const files = {
      'package.json': JSON.stringify({ private: true, type: 'module' }),
      'entities.mjs': entities,
      'by-hand.js': byHand,
      'migrate.mjs': script(own.database.url),
    };
    own.project = createProject(files, typeorm);
    const { stdout, stderr } = await runNode(['--no-deprecation', 'migrate.mjs'], { cwd: own.project.dir });
    expect([stderr, JSON.parse(stdout || '{}')]).toEqual([
      '',
      {
        generated: 1,
        again: 0,
        applied: 1,
        rehearsed: true,
        appliedByHand: 1,
        rows: [{ email: 'ada', name: 'Ada' }],
        reverted: 2,
      },
    ]);
    expect(await own.database.query(`SELECT to_regclass('"user"') AS gone`)).toEqual([{ gone: null }]);
  },
);
