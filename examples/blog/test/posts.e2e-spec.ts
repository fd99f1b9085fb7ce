import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createTestDatabase, overrideDataSource, testMigration } from 'nest-migrate/testing';
import type { TestDatabase } from 'nest-migrate/testing';
import type { DataSource } from 'typeorm';
import dataSource from '../../../data-source.js';
import { AppModule } from '../src/app.module.js';
import { Tag } from '../src/posts/tag.entity.js';
import { User } from '../src/users/user.entity.js';
import { Post } from '../src/posts/post.entity.js';

// The same file runs under Jest and under Vitest, whose configuration (vitest.config.mjs) gives it its own functions for those of Jest.

let database: TestDatabase;
let app: INestApplication;

beforeAll(async () => {
  database = await createTestDatabase(dataSource);
  const builder = Test.createTestingModule({ imports: [AppModule] });
  app = (await overrideDataSource(builder, database).compile()).createNestApplication();
  await app.listen(0, '127.0.0.1');
}, 60_000);
afterEach(() => database.reset());
afterAll(async () => {
  await app.close();
  await database.close();
});

const get = async (path: string): Promise<unknown> => (await fetch((await app.getUrl()) + path)).json();

describe('the blog', () => {
  it('begins with the post that a migration writes', async () => {
    expect(await get('/posts')).toHaveLength(1);
  });

  it('lists posts with their authors and tags', async () => {
    const { manager } = database.dataSource;
    const author = await manager.save(User, { name: 'Ada' });
    const tags = await manager.save(Tag, [{ name: 'engines' }]);
    await manager.save(Post, { title: 'Notes', author, tags });
    expect(await get('/posts')).toContainEqual({ title: 'Notes', author: 'Ada', tags: ['engines'] });
  });

  it('shows nothing of what the test before has written', async () => {
    expect(await get('/posts')).toHaveLength(1);
  });

  it('is healthy, since no migration is pending', async () => {
    expect(await get('/health')).toMatchObject({ status: 'ok' });
  });
});

describe('the migration WelcomePost', () => {
  it('adds a post to the others, and takes away no other', async () => {
    const titles = async (db: DataSource): Promise<string[]> =>
      (await db.query<{ title: string }[]>('SELECT title FROM posts ORDER BY id')).map(({ title }) => title);
    await testMigration(dataSource, 'WelcomePost', {
      before: async (db) => {
        await db.query(`INSERT INTO users (name) VALUES ('Bo')`);
        await db.query(`INSERT INTO posts (title, "authorId") VALUES ('First', 1)`);
      },
      after: async (db) => expect(await titles(db)).toEqual(['First', 'Hello, migrations']),
      reverted: async (db) => expect(await titles(db)).toEqual(['First']),
    });
  }, 60_000);
});
