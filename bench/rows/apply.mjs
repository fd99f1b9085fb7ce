import { createTables } from '../corpus/create-tables.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, times } from '../report/table.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';
import { psqlFloors } from '../tools/floors.mjs';
import { floorsThatApply, toolsThatApply } from '../tools/all.mjs';

export const title = 'Everything pending: the whole process of `run`, each migration a table and an index';

export async function measure(bench) {
  const all = [...toolsThatApply, ...floorsThatApply];
  const figures = new Map();
  const trips = new Map();
  const sizes = bench.sizes([10, 100, 1000], [5]);
  const counted = sizes[1] ?? sizes[0];
  for (const count of sizes) {
    bench.say(`  ${count}`);
    const cells = all
      .filter(({ upTo = Infinity }) => count <= upTo)
      .map((tool) => {
        const place = bench.place(tool, `pending ${count}`, tool.project(createTables(count)));
        return { name: tool.name, place, run: async () => (await bench.applyAll(place, count)).seconds };
      });
    figures.set(count, await bench.inTurns(cells, { seconds: count === 1000 ? 150 : 40, least: 2, most: 11 }));
    if (count === counted)
      for (const { name, place } of cells)
        trips.set(name, await bench.roundTrips(place, (other) => bench.applyAll(other, count)));
    // A thousand tables are thousands of files; nobody looks at them again.
    for (const { place } of cells) await bench.dropDatabase(place.database);
  }
  const transaction = new Map(all.map((tool) => [tool.name, tool.transaction]));
  const more = [
    { title: 'transaction', of: (name) => transaction.get(name) },
    { title: `round trips for ${counted}`, of: (name) => trips.get(name) },
  ];
  return {
    tables: [compare({ names: all.map(({ name }) => name), figures, reference: nestMigrate.name, more })],
    goals: bench.quick ? [] : goalsOf(figures),
    notes: [
      'Columns: how many migrations are pending. Each run begins with a new database.',
      ...(psqlFloors.length > 0 ? [] : ['There is no psql on the PATH here, so its lines are missing.']),
    ],
  };
}

function goalsOf(figures) {
  const median = (size, name) => figures.get(size).get(name)?.median;
  const ours = (size) => median(size, nestMigrate.name);
  const others = toolsThatApply.filter(
    ({ name, transaction }) => transaction.startsWith('each') && !name.startsWith('nest-migrate'),
  );
  const fastest = (size) => Math.min(...others.map(({ name }) => median(size, name) ?? Infinity));
  return [
    ...[10, 100, 1000].map((size) =>
      atMost(`against the fastest other with a transaction each, at ${size}`, ours(size) / fastest(size), 1, times),
    ),
    ...['psql -f', 'psql -1 -f', 'node + pg, one query for each']
      .filter((name) => median(1000, name) !== undefined)
      .map((name) => atMost(`against ${name} at 1,000`, ours(1000) / median(1000, name), 1.5, times)),
  ];
}
