import { node } from '../measure/process.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, duration } from '../report/table.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';
import { tools } from '../tools/all.mjs';

const floor = 'node -e 0';

export const title = '`--help`';

export async function measure(bench) {
  const helpful = tools.filter(({ help, name }) => help !== undefined && !name.includes(','));
  const cellOf = (tool) => {
    const place = bench.place(tool, 'help', { 'package.json': {} });
    return { name: tool.name, run: async () => (await bench.perform(place, tool.help(place))).seconds };
  };
  const nothing = { name: floor, home: nestMigrate.home, help: () => node('-e', '0') };
  const cells = [nothing, ...helpful].map(cellOf);
  const figures = await bench.inTurns(cells, { seconds: 25, least: 5, most: 25 });
  const names = [...helpful.map(({ name }) => name), floor];
  const beyond = figures.get(nestMigrate.name).median - figures.get(floor).median;
  return {
    tables: [compare({ names, figures: new Map([['whole process', figures]]), reference: nestMigrate.name })],
    goals: bench.quick ? [] : [atMost('beyond node -e 0', beyond, 0.04, duration)],
  };
}
