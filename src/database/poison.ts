import { MigrateError } from '../errors.js';
import type { SqlClient } from './sql-client.js';
import { sqlState } from './failure.js';
import { quoteName } from '../sql/index.js';

/**
 * The name of the table, its trigger and the trigger function. All are in the schema for temporary objects, so that no migration affects
 * them.
 */
const name = 'nest_migrate_dry_run';
const fired = 'NM001';
const letPass = `SET LOCAL nest_migrate.let_pass = 'on'`;
const armAgain = `SET LOCAL nest_migrate.let_pass = 'off'; SET CONSTRAINTS pg_temp.${name} DEFERRED; INSERT INTO pg_temp.${name} VALUES (1)`;

/**
 * Ensures that the open transaction can only be rolled back: a deferred constraint trigger raises an error at COMMIT, whatever sends it. The
 * trigger event stays queued even if its row is deleted, and while it is queued, the table cannot be dropped, altered or truncated.
 */
export async function poison(client: SqlClient): Promise<void> {
  await refuseWithoutPrivileges(client);
  // ENABLE ALWAYS is needed because other triggers do not fire with session_replication_role = replica.
  await client.query(
    `CREATE TEMPORARY TABLE ${name} (n int);
     CREATE FUNCTION pg_temp.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF coalesce(current_setting('nest_migrate.let_pass', true), '') <> 'on' THEN
         RAISE EXCEPTION 'a dry run is never committed' USING ERRCODE = '${fired}';
       END IF;
       RETURN NULL;
     END $$;
     CREATE CONSTRAINT TRIGGER ${name} AFTER INSERT ON pg_temp.${name} DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION pg_temp.${name}();
     ALTER TABLE pg_temp.${name} ENABLE ALWAYS TRIGGER ${name};
     GRANT INSERT ON pg_temp.${name} TO PUBLIC;
     INSERT INTO pg_temp.${name} VALUES (1)`,
  );
}

/** Whether the poison made a statement fail. */
export function isPoison(error: unknown): boolean {
  return sqlState(error) === fired;
}

/** Whether an error names the table of the poison, which no migration knows. */
export function namesPoison(message: string): boolean {
  return message.includes(name);
}

/**
 * Executes a statement that fires deferred triggers without committing (SET CONSTRAINTS … IMMEDIATE), and poisons the transaction again.
 */
export async function letPoisonPass<T>(client: SqlClient, statement: () => Promise<T>): Promise<T> {
  await client.query(letPass);
  const result = await statement();
  await client.query(armAgain);
  return result;
}

/**
 * Checks deferred constraints, as a COMMIT would. Afterwards, each constraint is deferred or immediate as declared, and no table has queued
 * events, which would prevent altering it.
 */
export async function checkDeferred(client: SqlClient): Promise<void> {
  const { rows } = await client.query(
    `SELECT format('%I.%I', n.nspname, c.conname) AS name, c.condeferred AS deferred
     FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE c.condeferrable AND c.connamespace <> pg_my_temp_schema() AND has_schema_privilege(n.oid, 'USAGE')`,
  );
  if (rows.length === 0) return;
  const immediate = rows.filter(({ deferred }) => deferred === false).map((row) => String(row['name']));
  await letPoisonPass(client, () =>
    client.query(
      `SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED${immediate.length === 0 ? '' : `; SET CONSTRAINTS ${immediate.join(', ')} IMMEDIATE`}`,
    ),
  );
}

async function refuseWithoutPrivileges(client: SqlClient): Promise<void> {
  const { rows } = await client.query(
    `SELECT current_user AS role, current_database() AS database, has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
       coalesce((SELECT has_language_privilege(oid, 'USAGE') FROM pg_language WHERE lanname = 'plpgsql'), false) AS language`,
  );
  const [{ role, database, temporary, language } = {}] = rows;
  if (temporary === true && language === true) return;
  const what = temporary === true ? 'use PL/pgSQL' : 'create temporary tables';
  const privilege =
    temporary === true ? 'USAGE ON LANGUAGE plpgsql' : `TEMPORARY ON DATABASE ${quoteName(String(database))}`;
  throw new MigrateError({
    code: 'PERMISSION_DENIED',
    message: `A dry run needs a trigger on a temporary table, which ensures that nothing is committed, but the role ${String(role)} may not ${what} in the database ${String(database)}. No migration was executed.`,
    next: `As the owner of the database: GRANT ${privilege} TO ${quoteName(String(role))};`,
  });
}
