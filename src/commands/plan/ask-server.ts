import { refusedExtension } from '../../database/refused-extension.js';
import type { SqlClient } from '../../database/sql-client.js';
import { messageOf } from '../../errors.js';
import { nameOf } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import type { Weighed } from './estimate.js';
import type { Tried } from './observe-pending.js';
import { quickMs, reading, refusalOf } from './reading.js';
import { changesPermissions, needsOf, rolesMadeBy } from './server-needs.js';
import type { Asked, Need } from './server-needs.js';

interface Question {
  /** A query that returns a row if the need is not met. */
  readonly sql: string;
  readonly says: (row: Readonly<Record<string, unknown>>) => string;
}

/**
 * The questions to the live server, asked as the role that will run the migrations: https://www.postgresql.org/docs/current/ddl-priv.html
 */
const questions: Readonly<Record<Asked, Question>> = {
  owner: {
    sql: `SELECT c.relname AS table, pg_get_userbyid(c.relowner) AS owner, current_user AS role FROM pg_class c
      WHERE c.oid = to_regclass($1) AND NOT pg_has_role(c.relowner, 'USAGE')`,
    says: ({ table, owner, role }) =>
      `${String(table)} belongs to ${String(owner)}, so ${String(role)} may not change it`,
  },
  privilege: {
    sql: `SELECT c.oid::regclass AS table, $2::text AS privilege, current_user AS role FROM pg_class c WHERE c.oid = to_regclass($1)
      AND NOT CASE $2 WHEN 'REFERENCES' THEN has_any_column_privilege(c.oid, $2) ELSE has_table_privilege(c.oid, $2) END`,
    says: ({ table, privilege, role }) =>
      `${String(role)} lacks the privilege ${String(privilege)} on ${String(table)}`,
  },
  'create in schema': {
    sql: `SELECT nspname AS schema, current_user AS role FROM pg_namespace
      WHERE nspname = coalesce($1::text, current_schema()) AND NOT has_schema_privilege(oid, 'CREATE')`,
    says: ({ schema, role }) => `${String(role)} lacks the privilege CREATE on the schema ${String(schema)}`,
  },
  'create schema': {
    sql: `SELECT current_database() AS database, current_user AS role WHERE NOT has_database_privilege(current_database(), 'CREATE')`,
    says: ({ database, role }) => `${String(role)} lacks the privilege CREATE on the database ${String(database)}`,
  },
  'set parameter': {
    // Sets it to its present value, because only this tells on every version whether the role may set it; the error says who may not.
    sql: `SELECT name FROM pg_settings
      WHERE CASE WHEN name = lower($1) AND context = 'superuser' THEN set_config(name, current_setting(name), true) IS NULL ELSE false END`,
    says: ({ name }) => `the parameter ${String(name)} cannot be set`,
  },
  'create role': {
    sql: 'SELECT current_user AS role FROM pg_roles WHERE rolname = current_user AND NOT rolsuper AND NOT rolcreaterole',
    says: ({ role }) => `${String(role)} may not create roles`,
  },
  role: {
    sql: 'SELECT $1::text AS name WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)',
    says: ({ name }) => `the role "${String(name)}" does not exist`,
  },
  'member of role': {
    sql: `SELECT rolname AS name, current_user AS role FROM pg_roles WHERE rolname = $1 AND NOT pg_has_role(oid, 'MEMBER')`,
    says: ({ name, role }) => `${String(role)} is not a member of the role ${String(name)}`,
  },
  'create extension': {
    sql: refusedExtension,
    says: ({ name, role, isAbsent }) =>
      isAbsent === true
        ? `the server does not have the extension ${String(name)}`
        : `${String(role)} may not install the extension ${String(name)}`,
  },
  'change extension': {
    sql: `SELECT extname AS name, pg_get_userbyid(extowner) AS owner, current_user AS role FROM pg_extension
      WHERE extname = $1 AND NOT pg_has_role(extowner, 'USAGE')`,
    says: ({ name, owner, role }) =>
      `the extension ${String(name)} belongs to ${String(owner)}, so ${String(role)} may not change it`,
  },
};

/** What the server refuses to this role: with certainty, or unless an earlier statement of the run changes the role's permissions. */
export interface Refusals {
  readonly certain: readonly string[];
  readonly notKnown: readonly string[];
}

export async function askServer(
  client: SqlClient,
  { tables }: Pick<Tried, 'tables'>,
  weighed: readonly Weighed[],
  earlier: readonly Observed[],
): Promise<Refusals> {
  const liveNames = new Map(
    tables.map(({ live }) => [live.oid, nameOf({ schemaname: live.schema, relname: live.name })]),
  );
  const made = new Set(rolesMadeBy(earlier));
  const refusals: Record<keyof Refusals, string[]> = { certain: [], notKnown: [] };
  let isCertain = !earlier.some(changesPermissions);
  for (const { statement, explained } of weighed) {
    // If the statement failed, the reason has already been reported.
    if (statement.error === undefined) {
      const needs = needsOf(statement, liveNames).filter(
        ({ question, parameters }) => !(question === 'role' && made.has(parameters[0] ?? '')),
      );
      const found = [...(explained && 'code' in explained && explained.code === forbidden ? [explained.refused] : [])];
      for (const need of needs) found.push(...(await refusedBy(client, need)));
      refusals[isCertain ? 'certain' : 'notKnown'].push(...found);
    }
    for (const role of rolesMadeBy([statement])) made.add(role);
    isCertain &&= !changesPermissions(statement);
  }
  return { certain: [...new Set(refusals.certain)], notKnown: [...new Set(refusals.notKnown)] };
}

/** Whether the role may install this extension, or need not, because it is installed. */
export async function mayInstall(client: SqlClient, extension: string): Promise<boolean> {
  return (await refusedBy(client, { question: 'create extension', parameters: [extension] })).length === 0;
}

const forbidden = '42501';

async function refusedBy(client: SqlClient, { question, parameters }: Need): Promise<readonly string[]> {
  const { sql, says } = questions[question];
  try {
    const { rows } = await reading(client, quickMs, () => client.query(sql, parameters));
    return rows.map(says);
  } catch (error) {
    if (refusalOf(error) !== forbidden) throw error;
    return [messageOf(error)];
  }
}
