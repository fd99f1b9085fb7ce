import { shop } from '../corpus/shop.mjs';
import { addColumn, ownPlace, placeOf } from '../measure/add-column.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, times } from '../report/table.mjs';
import { nestMigrateGenerator, otherGenerators } from '../tools/generators.mjs';

const warm = 'nest-migrate, warm';
const cold = 'nest-migrate, cold';
const unchanged = 'nest-migrate, --check, nothing changed, warm';

export const title = '`generate`: one new column';

export async function measure(bench) {
  const figures = new Map();
  for (const count of bench.sizes([10, 100, 500, 1000], [10])) {
    bench.say(`  ${count}`);
    const tables = shop(count);
    const cells = [
      ...(await ownCells(bench, tables)),
      ...(await Promise.all(otherGenerators.map((other) => otherCells(bench, other, tables)))).flat(),
    ];
    figures.set(count, await bench.inTurns(cells, { seconds: count >= 500 ? 90 : 45, least: 2, most: 9 }));
  }
  const names = [...figures.values().next().value.keys()];
  const needs = new Map(otherGenerators.map(({ name, needs }) => [name, needs]));
  const more = [
    { title: 'compares with', of: (name) => needs.get(name.replace(/,.*/, '')) ?? 'the migrations; no database' },
  ];
  return {
    tables: [compare({ names, figures, reference: warm, more })],
    goals: bench.quick ? [] : goalsOf(figures),
    notes: [
      `Columns: how many tables, each created by a migration of its own. Entities are compiled JavaScript. The name of the column is another one in each run, and what was written is deleted. Warm: the cache holds the state before the change. Cold: the cache is an empty folder.`,
    ],
  };
}

/** Warm begins with a copy of what the command has left before the change; cold with nothing. */
async function ownCells(bench, tables) {
  const { place, warmEnv, coldEnv } = await ownPlace(bench, tables);
  const generate = async (env) => (await addColumn(bench, nestMigrateGenerator, place, tables, env)).seconds;
  const check = async (env) => (await bench.perform(place, nestMigrateGenerator.check(), { env })).seconds;
  return [
    { name: warm, run: () => generate(warmEnv()) },
    { name: cold, run: () => generate(coldEnv()) },
    { name: unchanged, run: () => check(warmEnv()) },
  ];
}

async function otherCells(bench, generator, tables) {
  const place = await placeOf(bench, generator, tables);
  const run = async () => (await addColumn(bench, generator, place, tables)).seconds;
  const check = async () => (await bench.perform(place, generator.check())).seconds;
  return [
    { name: generator.name, run },
    ...(generator.check ? [{ name: `${generator.name}, --check, nothing changed`, run: check }] : []),
  ];
}

function goalsOf(figures) {
  const ratio = (size, name) =>
    figures.get(size).get(name).median / figures.get(size).get('typeorm migration:generate').median;
  return [
    ...[100, 500, 1000].map((size) =>
      atMost(`warm against typeorm at ${size}`, ratio(size, warm), size === 1000 ? 0.5 : 1, times),
    ),
    ...[10, 100, 500, 1000].map((size) => atMost(`cold against typeorm at ${size}`, ratio(size, cold), 2, times)),
  ];
}
