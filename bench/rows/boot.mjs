import { join } from 'node:path';
import pg from 'pg';
import { node } from '../measure/process.mjs';
import { figureOf } from '../measure/turns.mjs';
import { bench as benchDir } from '../paths.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, duration } from '../report/table.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';

const withModule = 'MigrationsModule.forRoot';
const withoutModule = 'TypeOrmModule.forRoot, no migrations';

export const title = 'Nothing pending, in a Nest app: `NestFactory.createApplicationContext`';

export async function measure(bench) {
  const [count] = bench.sizes([1000], [20]);
  const place = await bench.appliedPlace(nestMigrate, count);
  const whole = { [withModule]: [], [withoutModule]: [] };
  const cell = (name, how) => ({
    name,
    run: async () => {
      const { stdout, seconds } = await bench.perform(place, node(join(benchDir, 'floors', 'boot.mjs'), how));
      whole[name].push(seconds);
      return JSON.parse(stdout.trim().split('\n').at(-1)).seconds;
    },
  });
  const cells = [cell(withModule, 'with'), cell(withoutModule, 'without')];
  const figures = await bench.inTurns(cells, { seconds: 40, least: 7, most: 41 });
  await bench.verifyApplied(place, count);
  const trip = await roundTrip(place.url);
  const added = figures.get(withModule).median - figures.get(withoutModule).median;
  const processes = new Map(Object.entries(whole).map(([name, values]) => [name, figureOf(values)]));
  return {
    tables: [
      compare({
        names: [withModule, withoutModule],
        figures: new Map([
          [`inside the process, ${count} applied`, figures],
          ['the whole process', processes],
        ]),
        reference: withModule,
      }),
    ],
    goals: bench.quick ? [] : [atMost('added to the boot (10 ms and one round trip)', added, 0.01 + trip, duration)],
    notes: [`One round trip to the server takes ${duration(trip)} here.`],
  };
}

async function roundTrip(url) {
  const client = new pg.Client(url);
  await client.connect();
  const taken = [];
  for (let run = 0; run < 200; run++) {
    const started = performance.now();
    await client.query('SELECT 1');
    taken.push((performance.now() - started) / 1000);
  }
  await client.end();
  return figureOf(taken).median;
}
