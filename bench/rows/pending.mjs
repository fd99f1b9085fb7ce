import { atMost } from '../report/goal.mjs';
import { compare, duration, times } from '../report/table.mjs';
import { processFloors as floors, questionFloor } from '../tools/floors.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';
import { tools } from '../tools/all.mjs';

export const title = 'Nothing pending: the whole process of `run`';

export async function measure(bench) {
  const figures = new Map();
  const trips = new Map();
  for (const count of bench.sizes([10, 100, 1000], [5])) {
    bench.say(`  ${count}`);
    const cells = [];
    for (const tool of tools.filter(({ upTo = Infinity }) => count <= upTo)) {
      const place = await bench.appliedPlace(tool, count);
      cells.push({ name: tool.name, run: () => runAgain(bench, place, count) });
      trips.set(tool.name, await bench.roundTrips(place, (other) => bench.perform(other, tool.run(other))));
    }
    const ours = await bench.appliedPlace(nestMigrate, count);
    for (const [name, argv] of floors)
      cells.push({ name, run: async () => (await bench.perform(ours, argv())).seconds });
    figures.set(count, await bench.inTurns(cells, { seconds: 40, least: 3, most: 15 }));
  }
  const names = [...tools.map(({ name }) => name), ...floors.map(([name]) => name)];
  const more = [{ title: 'round trips', of: (name) => trips.get(name) ?? '' }];
  return {
    tables: [compare({ names, figures, reference: nestMigrate.name, more })],
    goals: bench.quick ? [] : goalsOf(figures),
    notes: ['A round trip is a wait for the server, connecting included. Columns: how many migrations are applied.'],
  };
}

async function runAgain(bench, place, count) {
  const { seconds } = await bench.perform(place, place.tool.run(place));
  await bench.verifyApplied(place, count);
  return seconds;
}

function goalsOf(figures) {
  const median = (size, name) => figures.get(size).get(name).median;
  const ours = (size) => median(size, nestMigrate.name);
  return [
    atMost('flat: 1,000 applied against 10', ours(1000) / ours(10), 1.1, times),
    ...[10, 100, 1000].map((size) =>
      atMost(`against typeorm at ${size}`, ours(size) / median(size, 'typeorm'), 1, times),
    ),
    atMost('against knex at 1,000', ours(1000) / median(1000, 'knex'), 1, times),
    atMost(
      'beyond loading the data source and one question, at 1,000',
      ours(1000) - median(1000, questionFloor),
      0.02,
      duration,
    ),
  ];
}
