import { afterAll } from '@jest/globals';
import { createDatabase } from './database.js';
import type { TestDatabase } from './database.js';

interface Reusable {
  readonly database: TestDatabase;
  /** What the catalog held at first. */
  readonly pristine: string;
}

/** Making a database costs more than most examples do in it, so one that is empty again serves the next. */
const idle: Reusable[] = [];
afterAll(() => Promise.all(idle.splice(0).map(({ database }) => database.drop())));

/** Lends an empty database without other connections. */
export async function onEmptyDatabase<T>(work: (database: TestDatabase) => Promise<T>): Promise<T> {
  const reusable = idle.pop() ?? (await createReusable());
  let isEmpty = false;
  try {
    const result = await work(reusable.database);
    isEmpty = await isEmptied(reusable).catch(() => false);
    return result;
  } finally {
    if (isEmpty) idle.push(reusable);
    else await reusable.database.drop();
  }
}

async function createReusable(): Promise<Reusable> {
  const database = await createDatabase();
  return { database, pristine: await contentOf(database) };
}

/** Whether everything that was created could be removed: otherwise this database is not lent again. */
async function isEmptied({ database, pristine }: Reusable): Promise<boolean> {
  await database.query('ROLLBACK');
  await database.query('DISCARD ALL');
  const schemas = await database.query(
    `SELECT quote_ident(nspname) AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`,
  );
  await database.query(
    `${schemas.map(({ name }) => `DROP SCHEMA ${String(name)} CASCADE;`).join('')}
    CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;
    COMMENT ON SCHEMA public IS 'standard public schema'`,
  );
  return (await contentOf(database)) === pristine;
}

/** How many objects there are of each kind, and what is set for the database. */
const content = [
  ...['am', 'attribute', 'cast', 'class', 'collation', 'constraint', 'conversion', 'default_acl', 'event_trigger'],
  ...['extension', 'foreign_data_wrapper', 'foreign_server', 'language', 'largeobject_metadata', 'namespace'],
  ...['opclass', 'operator', 'opfamily', 'policy', 'proc', 'publication', 'rewrite', 'seclabel', 'statistic_ext'],
  ...['transform', 'trigger', 'ts_config', 'ts_dict', 'ts_parser', 'ts_template', 'type', 'user_mapping'],
].map((kind) => `(SELECT count(*) FROM pg_${kind}) AS ${kind}`);
const settings = `(SELECT array_agg(s::text) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()) AS settings`;

async function contentOf(database: TestDatabase): Promise<string> {
  return JSON.stringify(await database.query(`SELECT ${[...content, settings].join(', ')}`));
}
