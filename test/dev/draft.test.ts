import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Column, DataSource, Entity, EntitySchema, PrimaryColumn } from 'typeorm';
import type { EntitySchemaColumnOptions } from 'typeorm';
import type { DevOptions, DevResult } from '../../src/commands/dev/types.js';
import { Backfill, RenamedFrom } from '../../src/decorators.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf } from '../support/migrations.js';
import { itInFull } from '../support/sample.js';
import { Developer, expectAgreement } from './developer.js';

type Columns = Readonly<Record<string, EntitySchemaColumnOptions>>;
const text: EntitySchemaColumnOptions = { type: 'text' };
const optional: EntitySchemaColumnOptions = { type: 'text', nullable: true };
const post = (columns: Columns): readonly EntitySchema[] => [
  new EntitySchema({ name: 'post', columns: { id: { type: 'int', primary: true }, ...columns } }),
];

let database: TestDatabase;
let developer: Developer;
beforeAll(async () => {
  database = await createDatabase();
  // How a file changes tables that are in use is for the tests of generate.
  developer = new Developer(database, { online: false });
});
afterAll(async () => {
  developer.remove();
  await database.drop();
});

const dev = (columns: Columns, options?: DevOptions): Promise<DevResult> => developer.dev(post(columns), options);
const rows = (): Promise<readonly object[]> => database.query('SELECT * FROM post ORDER BY id');
const all = async (): Promise<object> => ({ ...(await developer.state()), rows: await rows() });

/** It asks, and changes nothing meanwhile. */
async function expectRefused(columns: Columns, says: string): Promise<void> {
  const before = await all();
  const refused = await failureOf(dev(columns));
  expect(refused).toMatchObject({ code: 'DECISION_NEEDED', exitCode: 3 });
  expect(`${refused.message}\n${refused.next}`).toContain(says);
  expect(await all()).toEqual(before);
}

it('is rewritten until it is committed, and rows and renames survive', async () => {
  expect(await dev({ title: text })).toMatchObject({ draft: 'written', files: [expect.stringContaining('Init')] });
  // The database got only what was missing, which says nothing about the whole file.
  expect(await database.query('SELECT DISTINCT duration_ms FROM migrations_log')).toEqual([{ duration_ms: null }]);
  await database.query(`INSERT INTO post VALUES (1, 'one'), (2, 'two')`);
  expect(await dev({ title: text })).toMatchObject({ draft: 'unchanged', statements: [] });
  await expectRefused({ heading: text }, '--rename post.title=heading');
  expect(await dev({ heading: text }, { renames: ['post.title=heading'] })).toMatchObject({
    draft: 'amended',
    statements: ['ALTER TABLE "public"."post" RENAME COLUMN "title" TO "heading"'],
  });
  expect(await rows()).toEqual([
    { id: 1, heading: 'one' },
    { id: 2, heading: 'two' },
  ]);
  expect(developer.text(developer.files()[0] ?? '')).not.toContain('title');
  developer.commit();

  // Renamed twice in the database; once, from the committed name, in the file.
  await dev({ headline: text }, { renames: ['post.heading=headline'] });
  await dev({ caption: text, body: optional }, { renames: ['post.headline=caption'] });
  const texts = developer
    .files()
    .map((file) => developer.text(file))
    .join('');
  expect(texts).toContain('"heading"');
  expect(texts).not.toContain('headline');
  expect((await rows())[0]).toEqual({ id: 1, caption: 'one', body: null });
  await expectAgreement(developer, post({ caption: text, body: optional }));
});

it('starts from a synchronized database; a setting names a database that is not on this machine', async () => {
  const other = await createDatabase();
  const elsewhere = new Developer(other, { developmentDatabase: 'another' });
  const own = new Developer(other);
  const entities = post({ title: text });
  try {
    const dataSource = new DataSource({ type: 'postgres', url: other.url, entities: [...entities], synchronize: true });
    await dataSource.initialize();
    await dataSource.destroy();
    // Even on this machine, a name that is given must be that of the database.
    expect(await failureOf(elsewhere.dev(entities))).toMatchObject({ code: 'NOT_CONFIRMED' });
    const first = await own.dev(entities);
    expect(first).toMatchObject({ draft: 'written', statements: [], files: [expect.stringContaining('Init')] });
    expect(await other.query('SELECT name FROM migrations')).toHaveLength(1);
    // The tables were not created by it, so its down must not drop them, whatever is added to it.
    const onlyRecorded = { code: 'ONLY_RECORDED' };
    await other.query(`INSERT INTO post VALUES (1, 'one')`);
    expect(await failureOf(own.as(entities, (migrator) => migrator.revert()))).toMatchObject(onlyRecorded);
    const more = post({ title: text, body: optional });
    expect(await own.dev(more)).toMatchObject({ draft: 'amended', statements: [expect.stringContaining('ADD')] });
    expect(await failureOf(own.as(more, (migrator) => migrator.redo()))).toMatchObject(onlyRecorded);
    expect(await other.query('SELECT * FROM post')).toEqual([{ id: 1, title: 'one', body: null }]);
    // What comes after it was executed here.
    own.commit();
    const last = post({ title: text, body: optional, footer: optional });
    expect(await own.dev(last)).toMatchObject({ draft: 'written' });
    expect(await own.as(last, (migrator) => migrator.redo())).toMatchObject({ applied: [expect.anything()] });
    expect(await other.query('SELECT * FROM post')).toEqual([{ id: 1, title: 'one', body: null, footer: null }]);
  } finally {
    elsewhere.remove();
    own.remove();
    await other.drop();
  }
});

itInFull('follows decorators as they are now, even if a kept answer or a flag says the same', async () => {
  const other = await createDatabase();
  const own = new Developer(other, { online: false });
  const authors = (columns: Readonly<Record<string, readonly PropertyDecorator[]>>): readonly (new () => object)[] => {
    class Author {}
    Entity('authors')(Author);
    PrimaryColumn('int')(Author.prototype, 'id');
    for (const [name, decorators] of Object.entries({ ...columns }))
      for (const decorate of [Column('text'), ...decorators]) decorate(Author.prototype, name);
    return [Author];
  };
  try {
    await own.dev(authors({ name: [] }));
    await other.query(`INSERT INTO authors VALUES (1, 'one')`);
    own.commit();
    await own.dev(authors({ name: [], nick: [Backfill('name')] }));
    const now = authors({ title: [RenamedFrom('name')], nick: [Backfill('title')] });
    expect(await own.dev(now, { renames: ['authors.name=title'] })).toMatchObject({ draft: 'amended' });
    expect(await other.query('SELECT * FROM authors')).toEqual([{ id: 1, title: 'one', nick: 'one' }]);
    expect(own.text(own.files().at(-1) ?? '')).toContain('SET "nick" = title');
    await expectAgreement(own, now);
  } finally {
    own.remove();
    await other.drop();
  }
});

it('asks only before data is lost', async () => {
  expect(await dev({ caption: text })).toMatchObject({ draft: 'amended' });
  await dev({ caption: text, summary: optional, rank: { type: 'int', default: 0 } });
  await database.query(`UPDATE post SET summary = 'short'`);
  await expectRefused({ caption: text }, 'column post.summary');
  // Every row has the default.
  expect(await dev({ caption: text, summary: optional })).toMatchObject({ draft: 'amended' });
  await expectRefused({ caption: text, summary: optional, note: text }, '--backfill "post.note=');
});

it("keeps the user's edits, and is removed when it becomes empty", async () => {
  const [file = ''] = developer
    .files()
    .filter((name) => name.includes('Caption'))
    .toSorted()
    .slice(-1);
  const edited = `${developer.text(file)}-- by hand\n`;
  writeFileSync(join(developer.folder, file), edited);
  const columns = { caption: text, summary: optional };
  const next = await dev({ ...columns, views: { type: 'int', default: 0 } });
  expect(next).toMatchObject({ draft: 'written', files: [expect.stringContaining('AddViews')] });
  expect(developer.text(file)).toBe(edited);
  expect(await dev(columns)).toMatchObject({ draft: 'removed', files: [] });
  const said = developer.warnings.filter((one) => one.includes('was edited, so it stays as it is'));
  expect(said).toHaveLength(1);
});

it('is followed by a new one, and can be amended after a commit until the main branch has it', async () => {
  const columns = { caption: text, summary: optional };
  const before = developer.files().length;
  await dev({ ...columns, one: optional });
  expect(await dev({ ...columns, one: optional, two: optional }, { draft: 'new' })).toMatchObject({ draft: 'written' });
  expect(developer.files()).toHaveLength(before + 2);
  developer.git('branch', '--force', 'main', 'HEAD');
  developer.git('checkout', '--quiet', '-b', 'feature');
  developer.commit();
  const amended = await dev({ ...columns, one: optional, three: optional }, { draft: 'amend', drops: ['post.two'] });
  expect(amended).toMatchObject({ draft: 'amended', files: [expect.stringContaining('AddThree')] });
  expect(developer.files()).toHaveLength(before + 2);
  developer.commit();
  developer.git('branch', '--force', 'main', 'HEAD');
  expect(await failureOf(dev(columns, { draft: 'amend' }))).toMatchObject({ code: 'USAGE', exitCode: 2 });
  await expectAgreement(developer, post({ ...columns, one: optional, three: optional }));
});

itInFull(
  'is reverted with migrations that another branch has committed or run, in reverse order, if the user agrees',
  async () => {
    developer.commit();
    const columns = { caption: text, summary: optional, one: optional, three: optional };
    const before = await all();
    await dev({ ...columns, tag: optional });
    developer.commit();
    const hand = `${Date.now()}-Hand.sql`;
    writeFileSync(
      join(developer.folder, hand),
      '-- up\nCREATE VIEW tags AS SELECT tag FROM post;\n-- down\nDROP VIEW tags;\n',
    );
    await dev({ ...columns, tag: optional, note: optional });
    developer.commit();
    developer.git('reset', '--quiet', '--hard', 'HEAD~2');
    await expectRefused(columns, 'DROP VIEW tags');
    const { takenBack } = await dev(columns, { allowDestructive: true });
    expect(takenBack.map((name) => name.replace(/\d+$/, ''))).toEqual(['AddNoteToPost', 'Hand', 'AddTagToPost']);
    expect(await all()).toEqual(before);
  },
);

itInFull('is forgotten if it was reverted before its file was deleted', async () => {
  developer.commit();
  const columns = { caption: text, summary: optional, one: optional, three: optional };
  const before = await all();
  const { files } = await dev({ ...columns, reviewer: optional });
  await developer.as(post({ ...columns, reviewer: optional }), (migrator) => migrator.revert());
  developer.git('checkout', '--quiet', '.');
  for (const file of files) rmSync(file);
  expect(await dev(columns)).toMatchObject({ takenBack: [], statements: [] });
  expect(await all()).toEqual(before);
});

it('is reverted if its file is gone; an unknown migration is refused', async () => {
  developer.commit();
  const columns = { caption: text, summary: optional, one: optional, three: optional };
  const before = await all();
  const { files } = await dev({ ...columns, editor: optional });
  await database.query(`UPDATE post SET editor = 'Ann'`);
  developer.git('checkout', '--quiet', '.');
  for (const file of files) rmSync(file);
  await expectRefused(columns, 'the data of column post.editor');
  const back = await dev(columns, { allowDestructive: true });
  expect(back.takenBack).toEqual([expect.stringContaining('AddEditor')]);
  expect(await all()).toEqual(before);
  await database.query(`INSERT INTO migrations ("timestamp", name) VALUES (1700000000000, 'OfAnother1700000000000')`);
  const unknown = await failureOf(dev(columns));
  expect(unknown).toMatchObject({ code: 'MIGRATION_FILE_MISSING', message: expect.stringContaining('OfAnother') });
});

itInFull('checks deferred constraints after a backfill, and starts over when types cannot be converted', async () => {
  const other = await createDatabase();
  const own = new Developer(other, { online: false });
  const books = (nullable: boolean, columns: Columns = {}): readonly EntitySchema[] => [
    new EntitySchema({ name: 'author', columns: { id: { type: 'int', primary: true } } }),
    new EntitySchema<{ id: number; author: object }>({
      name: 'book',
      columns: { id: { type: 'int', primary: true }, ...columns },
      relations: {
        author: { type: 'many-to-one', target: 'author', joinColumn: true, nullable, deferrable: 'INITIALLY DEFERRED' },
      },
    }),
  ];
  try {
    await own.dev(books(true, { state: { type: 'bigint', nullable: true } }));
    await other.query('INSERT INTO author VALUES (1); INSERT INTO book VALUES (1, 5, NULL)');
    own.commit();
    const states: Columns = { state: { type: 'enum', enum: ['new', 'old'], array: true, nullable: true } };
    const given = { backfills: ['book.authorId=1'], usings: ['book.state=NULL'], allowDestructive: true };
    expect(await own.dev(books(false, states), given)).toMatchObject({ draft: 'written' });
    expect(await own.dev(books(false, { ...states, note: optional }))).toMatchObject({ draft: 'amended' });
    await expectAgreement(own, books(false, { ...states, note: optional }));
    const filled = [{ id: 1, state: null, authorId: 1, note: null }];
    expect(await other.query('SELECT * FROM book')).toEqual(filled);
    // So does the file, in a database with rows.
    const now = books(false, { ...states, note: optional });
    await own.as(now, (migrator) => migrator.revert());
    await other.query('UPDATE book SET "authorId" = NULL');
    await own.as(now, (migrator) => migrator.run());
    expect(await other.query('SELECT id, "authorId" FROM book')).toEqual([{ id: 1, authorId: 1 }]);
  } finally {
    own.remove();
    await other.drop();
  }
});

itInFull('that a column made by hand was not renamed is asked once for the whole draft', async () => {
  const other = await createDatabase();
  const own = new Developer(other, { online: false });
  try {
    mkdirSync(own.folder);
    const sql = '-- up\nCREATE TABLE post (id int PRIMARY KEY, note text);\n-- down\nDROP TABLE post;\n';
    writeFileSync(join(own.folder, '1700000000000-post.sql'), sql);
    const refused = await failureOf(own.dev(post({ remark: optional })));
    expect(refused).toMatchObject({ code: 'DECISION_NEEDED', next: expect.stringContaining('--keep post.note ') });
    const kept = await own.dev(post({ remark: optional }), { keeps: ['post.note'] });
    expect(kept).toMatchObject({
      draft: 'written',
      statements: ['ALTER TABLE "post" ADD COLUMN "remark" text'],
    });
    expect(await own.dev(post({ remark: optional, age: { type: 'int', nullable: true } }))).toMatchObject({
      draft: 'amended',
    });
    const late = await failureOf(own.dev(post({ remark: optional }), { renames: ['post.note=remark'] }));
    expect(late).toMatchObject({ code: 'USAGE', message: expect.stringContaining('post.remark exists already') });
  } finally {
    own.remove();
    await other.drop();
  }
});
