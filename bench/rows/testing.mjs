import { join } from 'node:path';
import { createTables } from '../corpus/create-tables.mjs';
import { node } from '../measure/process.mjs';
import { figureOf } from '../measure/turns.mjs';
import { bench as benchDir } from '../paths.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, duration } from '../report/table.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';

const ways = {
  'nest-migrate/testing, in the process': 'process',
  'nest-migrate/testing, on a server': 'server',
  'TypeORM, synchronize': 'synchronize',
  'TypeORM, migrations': 'migrations',
};
const [inProcess, onServer] = Object.keys(ways);

export const title = 'A database for a test file: inside the process, with a warm cache';

export async function measure(bench) {
  const [count] = bench.sizes([50], [5]);
  const place = bench.place(nestMigrate, `testing ${count}`, nestMigrate.project(createTables(count)));
  await bench.createDatabase(place.database);
  const phases = { second: {}, reset: {} };
  const cells = Object.entries(ways).map(([name, how]) => ({
    name,
    run: async () => {
      const command = node(join(benchDir, 'floors', 'test-database.mjs'), how, String(count));
      const { first, ...others } = JSON.parse((await bench.perform(place, command)).stdout);
      for (const [phase, seconds] of Object.entries(others)) (phases[phase][name] ??= []).push(seconds);
      return first;
    },
  }));
  const first = await bench.inTurns(cells, { seconds: 90, least: 5, most: 15 });
  const figures = (phase) => new Map(Object.entries(phases[phase]).map(([name, values]) => [name, figureOf(values)]));
  const [second, reset] = [figures('second'), figures('reset')];
  const columns = [
    ['the first', first],
    ['the second', second],
    ['back to a clean one', reset],
  ];
  return {
    tables: [compare({ names: Object.keys(ways), figures: new Map(columns), reference: inProcess })],
    goals: bench.quick
      ? []
      : [
          atMost('first database, in the process', first.get(inProcess).median, 0.7, duration),
          atMost('copy, in the process', second.get(inProcess).median, 0.3, duration),
          atMost('copy, on a server', second.get(onServer).median, 0.04, duration),
          atMost('reset, in the process', reset.get(inProcess).median, 0.015, duration),
          atMost('reset, on a server', reset.get(onServer).median, 0.015, duration),
        ],
    notes: [
      `${count} tables with an index each, a migration each. A test has written to five of them. TypeORM's way back is TRUNCATE of all tables, which loses what migrations have inserted.`,
    ],
  };
}
