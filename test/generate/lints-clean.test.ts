import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createDatabase, serverUrl } from '../support/database.js';
import { migrationsIn } from '../support/evolve.js';
import type { TestDatabase } from '../support/database.js';
import { changes, createFolder, everything, shop } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { full, sample } from '../support/sample.js';

let folder: MigrationsFolder;
let database: TestDatabase;
beforeAll(async () => {
  folder = createFolder();
  database = await createDatabase();
  await folder.generate(shop(), { name: 'Initial' });
});
afterAll(async () => {
  folder.remove();
  await database.drop();
});

// The last one has all of them at once.
const some = full ? changes : [];

it.each([...some, everything].map((change) => [change.name, change] as const))(
  'lint finds that generated migrations do not block: %s',
  async (_, change) => {
    const generated = await folder.generate(change.after, { ...change.options });
    try {
      const { findings, migrations } = await folder.with(database.url, (migrator) =>
        migrator.lint({ files: generated.files, shadow: serverUrl() }),
      );
      expect(migrations).toBe(migrationsIn(generated).length);
      expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([]);
    } finally {
      folder.forget(generated);
    }
  },
);

it('the naive form of most changes blocks', async () => {
  const tried = sample(changes, 20);
  const naive = new Set<string>();
  for (const change of tried) {
    const generated = await folder.generate(change.after, { ...change.options, online: false });
    const { findings } = await folder.with(database.url, (migrator) =>
      migrator.lint({ files: generated.files, shadow: serverUrl() }),
    );
    if (findings.some(({ severity }) => severity === 'error')) naive.add(change.name);
    folder.forget(generated);
  }
  const harmless = new Set(['timestamp to timestamptz', 'wider varchar', 'value of an enum']);
  const names = tried.map(({ name }) => name);
  expect(names.filter((name) => !naive.has(name))).toEqual(names.filter((name) => harmless.has(name)));
});
