import { drizzle, drizzleKit } from './drizzle.mjs';
import { pgEach, pgInOne, psqlFloors } from './floors.mjs';
import { knex } from './knex.mjs';
import { mikroOrm } from './mikro-orm.mjs';
import { nestMigrate, nestMigrateTypeScript } from './nest-migrate.mjs';
import { nodePgMigrate, nodePgMigrateEach } from './node-pg-migrate.mjs';
import { typeorm, typeormInOne, typeormTsNode } from './typeorm.mjs';
import { umzug } from './umzug.mjs';

/** With which settings nothing is pending makes no difference. */
export const tools = [
  nestMigrate,
  nestMigrateTypeScript,
  typeorm,
  typeormTsNode,
  knex,
  drizzle,
  drizzleKit,
  mikroOrm,
  nodePgMigrate,
  umzug,
];
export const toolsThatApply = [...tools, typeormInOne, nodePgMigrateEach];
export const floorsThatApply = [...psqlFloors, pgInOne, pgEach];
