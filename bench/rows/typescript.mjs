import { shop, shopMigrations } from '../corpus/shop.mjs';
import { compiledEntities, typescriptEntities } from '../corpus/typeorm-entities.mjs';
import { emptyCache, withCopyOf } from '../measure/caches.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, times } from '../report/table.mjs';
import { nestMigrate, nestMigrateTypeScript } from '../tools/nest-migrate.mjs';
import { typeorm, typeormTsNode } from '../tools/typeorm.mjs';

const compiled = 'nest-migrate, compiled JavaScript';
const warm = 'nest-migrate, TypeScript, warm';
const cold = 'nest-migrate, TypeScript, never compiled before';

export const title = 'TypeScript entities: the whole process of `generate --check`, nothing changed';

export async function measure(bench) {
  const [count] = bench.sizes([500], [10]);
  const tables = shop(count);
  // One migration for all, so that there is little beside the entities to load.
  const migration = {
    name: 'All',
    timestamp: Date.UTC(2024, 0, 1),
    up: shopMigrations(tables).flatMap(({ up }) => up),
    down: [],
  };
  const entities = { js: compiledEntities(tables).files, ts: typescriptEntities(tables) };
  const place = (tool, language) =>
    bench.place(tool, `typescript ${count}`, { ...tool.project([migration]), ...entities[language] });
  const cells = [
    ...(await ownCells(bench, place(nestMigrate, 'js'), place(nestMigrateTypeScript, 'ts'))),
    ...(await theirCells(bench, place(typeorm, 'js'), place(typeormTsNode, 'ts'), migration.up)),
  ];
  const figures = await bench.inTurns(cells, { seconds: 90, least: 2, most: 9 });
  return {
    tables: [
      compare({
        names: cells.map(({ name }) => name),
        figures: new Map([[`${count} entity files`, figures]]),
        reference: compiled,
      }),
    ],
    goals: bench.quick
      ? []
      : [
          atMost(
            'TypeScript, warm, against compiled JavaScript',
            figures.get(warm).median / figures.get(compiled).median,
            1.3,
            times,
          ),
        ],
    notes: [
      'The schemas are in the cache in all of ours. `typeorm migration:generate --check` compares with a database in agreement, and does more or less than ours; what ts-node costs is the difference between its lines.',
    ],
  };
}

async function ownCells(bench, javascript, typescript) {
  const check = nestMigrate.command('generate', '--check');
  const keptBy = async (place) => {
    const { NEST_MIGRATE_CACHE } = emptyCache(`${place.database}-primed`);
    await bench.perform(place, check, { env: { NEST_MIGRATE_CACHE } });
    return NEST_MIGRATE_CACHE;
  };
  const kept = new Map([
    [javascript, await keptBy(javascript)],
    [typescript, await keptBy(typescript)],
  ]);
  const cell = (name, place, more = () => ({})) => ({
    name,
    run: async () => {
      const env = { ...more(place), ...withCopyOf(kept.get(place), place.database) };
      return (await bench.perform(place, check, { env })).seconds;
    },
  });
  return [
    cell(compiled, javascript),
    cell(warm, typescript),
    cell(cold, typescript, ({ database }) => emptyCache(database)),
  ];
}

async function theirCells(bench, javascript, typescript, statements) {
  await bench.createDatabase(javascript.database);
  await bench.ask(javascript.database, `${statements.join(';')}; ANALYZE`);
  const cell = (name, place, env = {}) => ({
    name,
    run: async () => {
      const argv = place.tool.command('migration:generate', 'migrations/Nothing', '--check');
      return (await bench.perform({ ...place, url: javascript.url }, argv, { env })).seconds;
    },
  });
  return [
    cell('typeorm, compiled JavaScript', javascript),
    cell('typeorm, ts-node without checking types', typescript, { TS_NODE_TRANSPILE_ONLY: 'true' }),
    cell('typeorm, ts-node', typescript),
  ];
}
