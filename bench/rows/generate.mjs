import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { remember } from '../corpus/remember.mjs';
import { shop } from '../corpus/shop.mjs';
import { inTurns } from '../measure/turns.mjs';
import { work } from '../paths.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, times } from '../report/table.mjs';
import { nestMigrateGenerator, otherGenerators } from '../tools/generators.mjs';

const warm = 'nest-migrate, warm';
const cold = 'nest-migrate, cold';
const unchanged = 'nest-migrate, --check, nothing changed, warm';

export const title = '`generate`: one new column';

export async function measure(bench) {
  const figures = new Map();
  for (const count of bench.sizes([10, 100, 500, 1000], [10, 50])) {
    const tables = shop(count);
    const cells = [
      ...(await ownCells(bench, tables)),
      ...(await Promise.all(otherGenerators.map((other) => otherCells(bench, other, tables)))).flat(),
    ];
    figures.set(count, await inTurns(cells, bench.effort({ seconds: 60, least: 3, most: 9 })));
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
export async function ownCells(bench, tables) {
  const place = await placeOf(bench, nestMigrateGenerator, tables);
  const primed = freshFolder(`primed-${tables.length}`);
  await bench.perform(place, nestMigrateGenerator.check(), { env: { NEST_MIGRATE_CACHE: primed } });
  const cached = () => {
    const cache = freshFolder(`cache-${tables.length}`);
    cpSync(primed, cache, { recursive: true });
    return { NEST_MIGRATE_CACHE: cache };
  };
  const empty = () => ({
    NEST_MIGRATE_CACHE: freshFolder(`cache-${tables.length}`),
    TMPDIR: freshFolder(`tmp-${tables.length}`),
  });
  const check = async () => (await bench.perform(place, nestMigrateGenerator.check(), { env: cached() })).seconds;
  return [
    { name: warm, run: async () => (await addColumn(bench, nestMigrateGenerator, place, tables, cached())).seconds },
    { name: cold, run: async () => (await addColumn(bench, nestMigrateGenerator, place, tables, empty())).seconds },
    { name: unchanged, run: check },
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

async function placeOf(bench, generator, tables) {
  const place = bench.place(generator.tool, `generate ${tables.length}`, generator.project(tables));
  await generator.begin(bench, place, tables);
  return place;
}

let columns = 0;

/** A column that was never there before; the file that is written must be about it. */
async function addColumn(bench, generator, place, tables, env) {
  const column = `extra_${++columns}`;
  const folder = join(place.dir, generator.folder);
  const written = remember(folder);
  generator.change(place, tables, column);
  try {
    const ended = await bench.perform(place, generator.generate(`AddExtra${columns}`), { env });
    const texts = written.added().map((name) => readFileSync(join(folder, name), 'utf8'));
    if (!texts.some((text) => text.includes(column))) {
      throw new Error(
        `${generator.name ?? 'nest-migrate'} has not written a migration about ${column}:\n${ended.output}`,
      );
    }
    return ended;
  } finally {
    written.restore();
    generator.undo(place, tables);
  }
}

function freshFolder(name) {
  const dir = join(work, 'caches', name);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
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
