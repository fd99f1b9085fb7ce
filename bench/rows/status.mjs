import { atMost } from '../report/goal.mjs';
import { compare, times } from '../report/table.mjs';
import { processFloors, questionFloor } from '../tools/floors.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';
import { typeorm } from '../tools/typeorm.mjs';

export const title = '`status`: the whole process';

export async function measure(bench) {
  const [count] = bench.sizes([1000], [20]);
  const ours = await bench.appliedPlace(nestMigrate, count);
  const theirs = await bench.appliedPlace(typeorm, count);
  const cell = (name, place, argv) => ({ name, run: async () => (await bench.perform(place, argv)).seconds });
  const cells = [
    cell('nest-migrate status', ours, nestMigrate.status()),
    cell('typeorm migration:show', theirs, typeorm.status()),
    ...processFloors.map(([name, argv]) => cell(name, ours, argv())),
  ];
  const figures = await bench.inTurns(cells, { seconds: 25, least: 5, most: 25 });
  const against = figures.get('nest-migrate status').median / figures.get(questionFloor).median;
  return {
    tables: [
      compare({
        names: cells.map(({ name }) => name),
        figures: new Map([[`${count} applied`, figures]]),
        reference: 'nest-migrate status',
      }),
    ],
    goals: bench.quick ? [] : [atMost(`against ${questionFloor}`, against, 1.2, times)],
  };
}
