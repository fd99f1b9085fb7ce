import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { lookAt } from '../../src/shadow/look.js';
import type { Look } from '../../src/shadow/look.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { Given } from '../../src/shadow/given.js';
import { columns } from '../generate/cases/columns.js';
import { constraints } from '../generate/cases/constraints.js';
import { enums } from '../generate/cases/enums.js';
import { indexes } from '../generate/cases/indexes.js';
import { others } from '../generate/cases/others.js';
import { relations } from '../generate/cases/relations.js';
import { views } from '../generate/cases/views.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import type { Entity } from '../support/evolve.js';
import { changedModel, entitiesOf, randomModel } from '../support/random-entities.js';
import { Random } from '../support/random.js';
import { inTransaction, mistakes, succeeds } from './two-looks.js';
import { full } from '../support/sample.js';

let database: TestDatabase;
let executed = 0;
beforeAll(async () => void (database = await createDatabase()));
afterAll(() => database.drop());

const cases = [columns, constraints, enums, indexes, relations, views, others].flat();
const random = Array.from({ length: full ? 200 : 3 }, (_, seed) => {
  const numbers = new Random(seed + 1);
  const before = randomModel(numbers);
  return { name: `random ${seed + 1}`, before: entitiesOf(before), after: entitiesOf(changedModel(before, numbers)) };
});
const chosen = full ? cases : cases.filter((_case, index) => index % 25 === 0);

it.each([...chosen, ...random].map(({ name, before, after }) => [name, before, after] as const))(
  'what TypeORM does for other entities is detected at once: %s',
  async (_name, before, after) => {
    await database.query('DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await database.query(
      'CREATE TABLE typeorm_metadata (type text, database text, schema text, "table" text, name text, value text)',
    );
    const seen: Seen = { executed: 0, wrong: [], known: undefined };
    for (const entities of [before, after]) await withEntities(entities, (shadow, sql) => execute(sql, shadow, seen));
    expect(seen.wrong).toEqual([]);
    executed += seen.executed;
  },
);

it('many cases were executed', () => expect(executed).toBeGreaterThan(chosen.length * 2));

interface Seen {
  executed: number;
  wrong: readonly string[];
  known: Look | undefined;
}

async function execute(statements: readonly string[], shadow: ConnectedShadow, seen: Seen): Promise<void> {
  for (const sql of statements) {
    const known = seen.known ?? (await lookAt(shadow));
    await inTransaction(shadow, 'commit', async (queryRunner) => {
      if (await succeeds(queryRunner, sql)) seen.executed += 1;
      const wrong = await mistakes(queryRunner, known);
      seen.wrong = [...seen.wrong, ...wrong.map((line) => `${sql}: ${line}`)];
    });
    seen.known = await lookAt(shadow, known);
  }
}

/** What TypeORM would execute for them on the database as it is now. */
async function withEntities(
  entities: readonly Entity[],
  work: (shadow: ConnectedShadow, statements: readonly string[]) => Promise<void>,
): Promise<void> {
  const options = { type: 'postgres', url: database.url, entities, installExtensions: false } as DataSourceOptions;
  const dataSource = await new DataSource(options).initialize();
  try {
    for (const schema of new Set(dataSource.entityMetadatas.map((metadata) => metadata.schema)))
      if (schema !== undefined) await dataSource.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    // It knows no way for some changes.
    const log = await dataSource.driver
      .createSchemaBuilder()
      .log()
      .catch(() => undefined);
    const { master } = dataSource.driver as unknown as { readonly master: ConnectedShadow['pool'] };
    const shadow = {
      dataSource,
      pool: master,
      resetSession: 'RESET ALL',
      missing: [],
      given: new Given({ statements: [] }),
      close: async () => undefined,
    };
    await work(
      shadow,
      (log?.upQueries ?? []).map(({ query }) => query),
    );
  } finally {
    await dataSource.destroy();
  }
}
