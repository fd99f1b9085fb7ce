import { createTables } from '../corpus/create-tables.mjs';
import { shop } from '../corpus/shop.mjs';
import { addColumn, ownPlace, placeOf } from '../measure/add-column.mjs';
import { peakMemory } from '../measure/memory.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, megabytes } from '../report/table.mjs';
import { nestMigrateGenerator, typeormGenerator } from '../tools/generators.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';
import { typeorm } from '../tools/typeorm.mjs';
import { lockedPlace } from './check.mjs';

export const title = 'Memory: the most that the processes of a command had';

export async function measure(bench) {
  const [count] = bench.sizes([1000], [20]);
  const [tables] = bench.sizes([500], [10]);
  const [linted] = bench.sizes([200], [4]);
  const work = {
    [`run, nothing of ${count} pending`]: await both(nestMigrate, typeorm, (tool) => runAgain(bench, tool, count)),
    [`run, ${count} pending`]: await both(nestMigrate, typeorm, (tool) => runAll(bench, tool, count)),
    ...(await generating(bench, shop(tables))),
    [`lint --all, ${linted * 5} migrations`]: { ours: await lintAll(bench, linted) },
  };
  const figures = { ours: new Map(), typeorm: new Map() };
  for (const [name, cells] of Object.entries(work)) {
    bench.say(`  ${name}`);
    const turns = Object.entries(cells).map(([whose, run]) => ({ name: whose, run: () => peakMemory(run) }));
    const taken = await bench.inTurns(turns, { seconds: 20, least: 3, most: 3, warmUp: false, unit: megabytes });
    for (const [whose, figure] of taken) figures[whose].set(name, figure);
  }
  const columns = new Map([
    ['nest-migrate', figures.ours],
    ['typeorm', figures.typeorm],
  ]);
  return {
    tables: [compare({ names: Object.keys(work), figures: columns, unit: megabytes })],
    goals: bench.quick ? [] : goalsOf(figures.ours, Object.keys(work)),
    notes: ['Resident memory at its highest, of all Node processes of the command together.'],
  };
}

const both = async (ours, theirs, make) => ({ ours: await make(ours), typeorm: await make(theirs) });

async function runAgain(bench, tool, count) {
  const place = await bench.appliedPlace(tool, count);
  return (env) => bench.perform(place, tool.run(place), { env });
}

function runAll(bench, tool, count) {
  const place = bench.place(tool, `memory ${count}`, tool.project(createTables(count)));
  return (env) => bench.applyAll(place, count, { env });
}

async function generating(bench, tables) {
  const own = await ownPlace(bench, tables);
  const theirs = await placeOf(bench, typeormGenerator, tables);
  const ours = (cache) => (env) => addColumn(bench, nestMigrateGenerator, own.place, tables, { ...cache(), ...env });
  return {
    [`generate, ${tables.length} tables, warm`]: {
      ours: ours(own.warmEnv),
      typeorm: (env) => addColumn(bench, typeormGenerator, theirs, tables, env),
    },
    [`generate, ${tables.length} tables, cold`]: { ours: ours(own.coldEnv) },
  };
}

async function lintAll(bench, tables) {
  const place = await lockedPlace(bench, tables);
  return (env) => bench.perform(place, nestMigrate.command('lint', '--all'), { env });
}

function goalsOf(ours, names) {
  const limit = (name) => (name.startsWith('run') ? 120e6 : 450e6);
  return names
    .filter((name) => /^(run|generate)/.test(name))
    .map((name) => atMost(name, ours.get(name).median, limit(name), megabytes));
}
