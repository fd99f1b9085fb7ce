import type { Observed } from '../../observe/observed.js';
import { tagOf } from '../../observe/parser.js';
import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';
import { isRewritten } from './effects.js';
import { ownMigrations, shortName, writtenByFix } from '../recipes.js';
import { secondColumn } from './recipes.js';
import { dependsOnSession, isMereCast, isUtc, lossIn, pinnedZone, retypings, usingText, zoneOf } from './retype.js';
import type { Retyping } from './retype.js';
import { changesTimeZone, isFree } from './types.js';
import { quoteLiteral } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, age int NOT NULL DEFAULT 1, email text, at timestamp)';

export const alterTypeRewrite: Rule = {
  name: 'alter-type-rewrite',
  severity: 'error',
  title: 'Changing the type of a column rewrites the whole table while reads and writes block.',
  why: 'Most type changes (int to bigint, text to varchar(n), json to jsonb, uuid to text) convert every row: the table and all its indexes are rewritten under ACCESS EXCLUSIVE, and reads and writes block meanwhile. Some are free: a longer varchar, varchar to text, numeric with more digits and the same scale. The rule observes whether the rows are in fact rewritten. Rewrites that only USING causes, timestamps without a stated time zone, and recreated enums have rules of their own.',
  check: eachStatement((statement, migration, { targetVersion, batch }) =>
    retypings(statement)
      .filter((retyping) => {
        const zone = pinnedZone(statement, migration);
        return (
          isRewritten(statement, retyping.table) &&
          isToBlame(retyping) &&
          !dependsOnSession(retyping, zone) &&
          !isMadeAnew(retyping, batch)
        );
      })
      .map((retyping) => ({
        message: `Reads and writes on ${called(retyping.table)} block while every row is rewritten: ${ident(retyping.was.name)} goes from ${retyping.was.type} to ${retyping.is.type}.${alsoLost(retyping)}`,
        advice:
          asCheck(retyping) ??
          [
            // For a partitioned table, this can only be done by hand.
            ...(retyping.table.kind === 'partitioned table' ? [] : [writtenByFix(migration)]),
            asSecondColumn(statement, retyping, pinnedZone(statement, migration), targetVersion),
          ].join('\n'),
      })),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN age TYPE bigint' },
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email TYPE varchar(255)' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Age" text)',
      sql: 'ALTER TABLE ONLY app."User" ALTER "Age" SET DATA TYPE int USING "Age"::int',
    },
    {
      given: `CREATE TYPE a AS ENUM ('x'); CREATE TYPE b AS ENUM ('x'); CREATE TABLE users (kind a)`,
      sql: 'ALTER TABLE users ALTER kind TYPE b USING kind::text::b',
    },
    { given: users, sql: `ALTER TABLE users ALTER at TYPE timestamptz USING at AT TIME ZONE 'Europe/Paris'` },
  ],
  good: [
    {
      given: `CREATE TYPE mood AS ENUM ('a'); CREATE TABLE users (id int)`,
      sql: `CREATE TYPE other AS ENUM ('a'); CREATE TABLE news (m mood); ALTER TABLE news ALTER m TYPE other USING m::text::other`,
    },
    {
      given: 'CREATE TABLE users (name varchar(50), price numeric(10, 2), at timestamp(3), ip cidr)',
      sql: 'ALTER TABLE users ALTER name TYPE varchar(100), ALTER price TYPE numeric(12, 2), ALTER at TYPE timestamp, ALTER ip TYPE inet',
    },
    {
      given: users,
      sql: [
        'ALTER TABLE users ADD age__new bigint; ALTER TABLE users ADD CONSTRAINT f CHECK (age__new IS NOT NULL) NOT VALID',
        'ALTER TABLE users VALIDATE CONSTRAINT f',
        'ALTER TABLE users ALTER age DROP DEFAULT; ALTER TABLE users ALTER age DROP NOT NULL; ALTER TABLE users RENAME age TO age__old; ALTER TABLE users RENAME age__new TO age; ALTER TABLE users ALTER age SET NOT NULL; ALTER TABLE users DROP CONSTRAINT f; ALTER TABLE users ALTER age SET DEFAULT 1',
      ],
    },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN age TYPE bigint` },
    { given: 'CREATE TABLE users (name varchar(50))', sql: 'ALTER TABLE users ALTER name TYPE text' },
  ],
};

function alsoLost(retyping: Retyping): string {
  const loss = lossIn(retyping);
  return loss === undefined ? '' : ` And ${loss}.`;
}

function isToBlame({ was, is, using, isAlone }: Retyping): boolean {
  const free = isFree(was.type, is.type) || was.domain?.type === is.type;
  if (!free) return true;
  if (using === undefined) return isAlone;
  // Without its USING, the change would be free.
  return !isMereCast(using) && !isUtc(zoneOf(using));
}

/** An enum whose values are changed by recreating the type. */
function isMadeAnew({ was, is }: Retyping, batch: readonly JudgedMigration[]): boolean {
  if (was.enum === null || is.enum === null) return false;
  return batch.some(({ statements }) => statements.some(({ tree }) => tree && tagOf(tree) === 'CreateEnumStmt'));
}

/** A type that should become shorter can stay, with a check on the length. */
function asCheck({ table, was, is, using }: Retyping): string | undefined {
  const width = /^character varying\((\d+)\)$/.exec(is.type)?.[1];
  if (width === undefined || using !== undefined || !/^(?:text|character varying)/.test(was.type)) return undefined;
  const name = shortName(table.name, was.name, 'length');
  const alter = `ALTER TABLE ${sqlName(table)}`;
  return [
    `-- Keep the type, and limit the length with a check instead. ${ownMigrations.slice(3)}`,
    `${alter} ADD CONSTRAINT ${name} CHECK (char_length(${ident(was.name)}) <= ${width}) NOT VALID;`,
    `${alter} VALIDATE CONSTRAINT ${name};`,
  ].join('\n');
}

function asSecondColumn(
  statement: Observed,
  retyping: Retyping,
  zone: string | undefined,
  targetVersion: number,
): string {
  const { table, was, is, type } = retyping;
  const inZone = zone !== undefined && changesTimeZone(was.type, is.type);
  const value = inZone ? `${ident(was.name)} AT TIME ZONE ${quoteLiteral(zone)}` : usingText(statement, retyping);
  return secondColumn(table, was, { type, value, default: is.default }, targetVersion);
}
