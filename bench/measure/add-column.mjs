import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { remember } from '../corpus/remember.mjs';
import { nestMigrateGenerator } from '../tools/generators.mjs';
import { emptyCache, withCopyOf } from './caches.mjs';

export async function placeOf(bench, generator, tables) {
  const place = bench.place(generator.tool, `generate ${tables.length}`, generator.project(tables));
  await generator.begin(bench, place, tables);
  return place;
}

let columns = 0;

/** A column that was never there before; the file that is written must be about it. */
export async function addColumn(bench, generator, place, tables, env) {
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

/** A project of nest-migrate with the two states that its cache may be in. */
export async function ownPlace(bench, tables) {
  const place = await placeOf(bench, nestMigrateGenerator, tables);
  const { NEST_MIGRATE_CACHE } = emptyCache(`${place.database}-primed`);
  await bench.perform(place, nestMigrateGenerator.check(), { env: { NEST_MIGRATE_CACHE } });
  return {
    place,
    warmEnv: () => withCopyOf(NEST_MIGRATE_CACHE, place.database),
    coldEnv: () => emptyCache(place.database),
  };
}
