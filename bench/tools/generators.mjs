import { join } from 'node:path';
import { drizzleSchema } from '../corpus/drizzle-schema.mjs';
import { writeFiles } from '../corpus/files.mjs';
import { mikroOrmEntities } from '../corpus/mikro-orm-entities.mjs';
import { newColumn, shopMigrations } from '../corpus/shop.mjs';
import { compiledEntities } from '../corpus/typeorm-entities.mjs';
import { work } from '../paths.mjs';
import { drizzleConfig, drizzleKitCommand } from './drizzle.mjs';
import { mikroOrm, mikroOrmCommand, mikroOrmConfig, mikroOrmPackage } from './mikro-orm.mjs';
import { nestMigrate } from './nest-migrate.mjs';
import { typeorm } from './typeorm.mjs';

/**
 * How each tool writes a migration from the change of its entities:
 * `project(tables)` files · `begin(bench, place, tables)` brings all into agreement · `change(place, tables, column)` adds the column to one of them ·
 * `generate(name)` the command · `folder` where it writes.
 */
const withTypeormEntities = (tool) => ({
  project: (tables) => ({ ...tool.project(shopMigrations(tables)), ...compiledEntities(tables).files }),
  change: (place, tables, column) =>
    writeFiles(
      place.dir,
      Object.fromEntries(
        Object.entries(compiledEntities(tables).changed).map(([path, text]) => [
          path,
          text.replaceAll(newColumn, column),
        ]),
      ),
    ),
  undo: (place, tables) => {
    const { files, changed } = compiledEntities(tables);
    writeFiles(place.dir, Object.fromEntries(Object.keys(changed).map((path) => [path, files[path]])));
  },
  folder: 'migrations',
});

export const nestMigrateGenerator = {
  ...withTypeormEntities(nestMigrate),
  tool: nestMigrate,
  needs: 'no database',
  begin: async () => {},
  generate: (name) => nestMigrate.command('generate', name, '--js'),
  check: () => nestMigrate.command('generate', '--check'),
};

export const typeormGenerator = {
  ...withTypeormEntities(typeorm),
  tool: typeorm,
  name: 'typeorm migration:generate',
  needs: 'a database in agreement',
  begin: async (bench, place, tables) => {
    await bench.createDatabase(place.database);
    const statements = shopMigrations(tables).flatMap(({ up }) => up);
    await bench.ask(place.database, statements.join(';'));
    await bench.ask(place.database, 'ANALYZE');
  },
  generate: (name) => typeorm.command('migration:generate', `migrations/${name}`, '--outputJs'),
  check: () => typeorm.command('migration:generate', 'migrations/Nothing', '--check'),
};

const drizzleGenerator = {
  tool: { name: 'drizzle-kit generate', home: join(work, 'projects') },
  name: 'drizzle-kit generate',
  needs: 'its own snapshot',
  project: (tables) => ({
    'package.json': { private: true, type: 'commonjs' },
    'drizzle.config.js': drizzleConfig,
    'schema.js': drizzleSchema(tables),
  }),
  begin: (bench, place) => bench.perform(place, drizzleKitCommand('generate', '--name', 'base')),
  change: (place, tables, column) => writeFiles(place.dir, { 'schema.js': drizzleSchema(tables, [column]) }),
  undo: (place, tables) => writeFiles(place.dir, { 'schema.js': drizzleSchema(tables) }),
  folder: 'drizzle',
  generate: (name) => drizzleKitCommand('generate', '--name', name),
};

const mikroOrmGenerator = {
  tool: { ...mikroOrm, name: 'MikroORM migration:create' },
  name: 'MikroORM migration:create',
  needs: 'its own snapshot, and a database',
  project: (tables) => ({
    'package.json': mikroOrmPackage,
    'mikro-orm.config.js': mikroOrmConfig(`require('./entities.js')`),
    'entities.js': mikroOrmEntities(tables),
    'migrations/.gitkeep': '',
  }),
  begin: async (bench, place) => {
    await bench.createDatabase(place.database);
    await bench.perform(place, mikroOrmCommand('migration:create'));
    // The next command refuses to go on while the first one is pending.
    await bench.perform(place, mikroOrmCommand('migration:up'));
  },
  change: (place, tables, column) => writeFiles(place.dir, { 'entities.js': mikroOrmEntities(tables, [column]) }),
  undo: (place, tables) => writeFiles(place.dir, { 'entities.js': mikroOrmEntities(tables) }),
  folder: 'migrations',
  generate: () => mikroOrmCommand('migration:create'),
};

export const otherGenerators = [typeormGenerator, drizzleGenerator, mikroOrmGenerator];
