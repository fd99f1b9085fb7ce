import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database.js';
import { changes, createFolder, rowsOf, shop } from './shop.js';
import type { MigrationsFolder } from './shop.js';

describe('every recipe', () => {
  let folder: MigrationsFolder;
  beforeAll(async () => {
    folder = createFolder();
    await folder.generate(shop(), { name: 'Initial' });
  });
  afterAll(() => folder.remove());

  it.each(changes.map((change) => [change.name, change] as const))(
    '%s: up, down and up again',
    async (_name, change) => {
      const database = await createDatabase();
      const initial = folder.texts().length;
      try {
        await folder.run(database.url);
        await database.query(rowsOf(1000));
        const generated = await folder.generate(change.after, change.options);
        if (process.env['SHOW']) process.stderr.write(folder.texts().slice(initial).join('\n'));
        expect((await folder.generate(change.after, change.options)).files).toEqual([]);
        await folder.run(database.url);
        await folder.with(database.url, (migrator) => migrator.revert({ count: generated.files.length }));
        await folder.run(database.url);
        folder.forget(generated);
      } finally {
        await database.drop();
      }
    },
  );
});
