import { execFileSync } from 'node:child_process';
import { shop, shopMigrations } from '../corpus/shop.mjs';
import { compiledEntities } from '../corpus/typeorm-entities.mjs';
import { emptyCache, withCopyOf } from '../measure/caches.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, duration } from '../report/table.mjs';
import { nestMigrate } from '../tools/nest-migrate.mjs';

const commands = [['check'], ['lint', '--all'], ['generate', '--check']];

export const title = '`check`, `lint --all`, `generate --check`';

export async function measure(bench) {
  const [tables] = bench.sizes([200], [4]);
  const place = await lockedPlace(bench, tables);
  const figures = { warm: new Map(), cold: new Map() };
  for (const args of commands) {
    const name = `nest-migrate ${args.join(' ')}`;
    bench.say(`  ${args.join(' ')}`);
    const warm = await primed(bench, place, args);
    const run = async (env) => (await bench.perform(place, nestMigrate.command(...args), { env })).seconds;
    const cells = (state, env) => [{ name: state, run: () => run(env()) }];
    const taken = [
      await bench.inTurns(cells('warm', warm), { seconds: 20, least: 2, most: 7 }),
      // Minutes, for `check`: every migration is executed up, down, and looked at.
      await bench.inTurns(
        cells('cold', () => emptyCache(place.database)),
        { seconds: 1, least: 1, most: 1, warmUp: false },
      ),
    ];
    for (const one of taken) for (const [state, figure] of one) figures[state].set(name, figure);
  }
  const names = commands.map((args) => `nest-migrate ${args.join(' ')}`);
  return {
    tables: [compare({ names, figures: new Map(Object.entries(figures)) })],
    goals: bench.quick ? [] : [atMost('check, warm', figures.warm.get('nest-migrate check').median, 5, duration)],
    notes: [
      `${tables * 5} migrations of ${tables} tables; nothing is wrong. Warm: the same command ran before. Cold: the cache is an empty folder.`,
    ],
  };
}

/** Each table is created by one migration, and four more add a column each. */
export async function lockedPlace(bench, tableCount) {
  const tables = shop(tableCount, { addedColumns: 4 });
  const migrations = shopMigrations(tables);
  const files = { ...nestMigrate.project(migrations), ...compiledEntities(tables).files };
  const place = bench.place(nestMigrate, `check ${tableCount}`, files);
  await bench.perform(place, nestMigrate.command('check', '--write-lock', '--only', 'files'));
  committed(place.dir);
  return place;
}

/** As in any project: `check` lints what git does not have yet. */
function committed(dir) {
  const git = (...args) => execFileSync('git', args, { cwd: dir, stdio: 'ignore' });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '--quiet', '--message=all');
}

async function primed(bench, place, args) {
  const env = emptyCache(`${place.database}-primed`);
  await bench.perform(place, nestMigrate.command(...args), { env: { NEST_MIGRATE_CACHE: env.NEST_MIGRATE_CACHE } });
  return () => withCopyOf(env.NEST_MIGRATE_CACHE, place.database);
}
