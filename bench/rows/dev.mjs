import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { remember } from '../corpus/remember.mjs';
import { changedOf, newColumn, shop, shopMigrations } from '../corpus/shop.mjs';
import { typescriptEntities } from '../corpus/typeorm-entities.mjs';
import { node } from '../measure/process.mjs';
import { bench as benchDir } from '../paths.mjs';
import { atMost } from '../report/goal.mjs';
import { compare, duration } from '../report/table.mjs';
import { typeormGenerator } from '../tools/generators.mjs';
import { nestMigrateTypeScript } from '../tools/nest-migrate.mjs';

const ours = 'nest-migrate dev --watch';
const theirs = 'TypeORM, synchronize: a process with the same entities, compiled';
const start = 'node -e 0, which says how fast the machine is';

export const title = '`dev --watch`: from a save to the changed database and the written file';

export async function measure(bench) {
  const figures = new Map();
  for (const count of bench.sizes([100, 500], [10])) {
    bench.say(`  ${count}`);
    const tables = shop(count);
    const own = await watched(bench, tables);
    try {
      const cells = [
        { name: ours, run: own.save },
        { name: theirs, run: await synchronized(bench, tables) },
        { name: start, run: async () => (await bench.perform(own.place, node('-e', '0'))).seconds },
      ];
      figures.set(count, await bench.inTurns(cells, { seconds: 60, least: 5, most: 15 }));
    } finally {
      await own.stop();
    }
  }
  const goal = (count, seconds) =>
    atMost(`a save at ${count} tables`, figures.get(count).get(ours).median, seconds, duration);
  return {
    tables: [compare({ names: [ours, theirs, start], figures, reference: ours })],
    goals: bench.quick ? [] : [goal(100, 0.5), goal(500, 1)],
    notes: [
      'Columns: how many tables, each created by a migration of its own. Each save adds a column to the same entity, so one file is rewritten each time. What `synchronize` adds is in no file.',
    ],
  };
}

/** `dev --watch` on a database to which all migrations were applied. */
async function watched(bench, tables) {
  const tool = nestMigrateTypeScript;
  const project = { ...tool.project(shopMigrations(tables)), ...typescriptEntities(tables) };
  const place = bench.place(tool, `dev ${tables.length}`, project);
  await bench.createDatabase(place.database);
  await bench.perform(place, tool.command('run'));
  const saves = await bench.watch(place, tool.command('dev', '--watch'));
  const { table, file } = changedOf(tables);
  const folder = join(place.dir, 'migrations');
  const written = remember(folder);
  const entity = join(place.dir, 'entities', `${file}.ts`);
  let text = readFileSync(entity, 'utf8');
  let columns = 0;
  const save = async () => {
    // While a person reads and types, the next save is prepared.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const column = `extra_${++columns}`;
    text = text.replace(/\}\s*$/, `\n  @Column({ type: 'text', nullable: true })\n  ${column}: string | null;\n}\n`);
    const seconds = await saves.save(entity, text);
    const files = written.added().filter((name) => name.endsWith('.ts'));
    const drafts = files.map((name) => readFileSync(join(folder, name), 'utf8'));
    if (drafts.length !== 1 || !drafts[0].includes(column)) throw new Error(`There is no draft with ${column}.`);
    await verifyColumn(bench, place.database, table, column);
    return seconds;
  };
  return { place, save, stop: () => saves.stop() };
}

async function synchronized(bench, tables) {
  const place = bench.place(typeormGenerator.tool, `dev ${tables.length}`, typeormGenerator.project(tables));
  await typeormGenerator.begin(bench, place, tables);
  let columns = 0;
  return async () => {
    const column = `${newColumn}_${++columns}`;
    typeormGenerator.change(place, tables, column);
    const { seconds } = await bench.perform(place, node(join(benchDir, 'floors', 'synchronize.cjs')));
    await verifyColumn(bench, place.database, changedOf(tables).table, column);
    return seconds;
  };
}

async function verifyColumn(bench, database, table, column) {
  const [found] = await bench.ask(
    database,
    `SELECT count(*)::int AS columns FROM pg_attribute WHERE attrelid = '"${table}"'::regclass AND attname = '${column}' AND NOT attisdropped`,
  );
  if (found.columns !== 1) throw new Error(`The database ${database} has no column ${column}.`);
}
