import type { AlterTableCmd } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';
import { after } from './batch.js';

const users =
  'CREATE TABLE users (id int PRIMARY KEY, "Name" text UNIQUE); CREATE VIEW names AS SELECT id, "Name" FROM users';

export const dropColumnCascade: Rule = {
  name: 'drop-column-cascade',
  severity: 'error',
  title: 'CASCADE drops more than the column, without naming it.',
  why: 'DROP COLUMN … CASCADE also drops everything that depends on the column: views and materialized views with their contents, foreign keys of other tables, generated columns, policies, triggers. The migration does not name them, and code that uses them fails from then on, in any phase. Not reported: indexes and constraints of the column itself, which are always dropped with it, and views that the migration creates again.',
  check: eachStatement((statement, migration) =>
    alterations(statement, 'AT_DropColumn').flatMap(({ table, command }) => {
      if (command.behavior !== 'DROP_CASCADE' || !columnOf(table, command.name)) return [];
      const taken = takenBy(statement, migration, table, command);
      if (taken.length === 0) return [];
      const names = taken.map(({ name }) => name).join(', ');
      return [
        {
          message: `Dropping ${called(table)}.${command.name ?? ''} also drops, without naming them: ${names}.`,
          fix: [
            '-- Name everything that is to be dropped, and recreate what is still needed:',
            ...taken.map(({ sql }) => `${sql};`),
            `ALTER TABLE ${sqlName(table)} DROP COLUMN ${ident(command.name)};`,
          ].join('\n'),
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users DROP COLUMN "Name" CASCADE', phase: 'contract' },
    {
      given: `${users}; CREATE TABLE posts (author text REFERENCES users ("Name"))`,
      sql: 'DROP VIEW names; ALTER TABLE public.users DROP COLUMN IF EXISTS "Name" CASCADE',
      phase: 'contract',
    },
    {
      given: 'CREATE TABLE notes (id int, own text); CREATE POLICY mine ON notes USING (own = current_user)',
      sql: 'ALTER TABLE notes DROP COLUMN own CASCADE',
      phase: 'contract',
    },
  ],
  good: [
    { given: users, sql: 'DROP VIEW names; ALTER TABLE users DROP COLUMN "Name" CASCADE', phase: 'contract' },
    {
      given: users,
      sql: 'ALTER TABLE users DROP COLUMN "Name" CASCADE; CREATE VIEW names AS SELECT id FROM users',
      phase: 'contract',
    },
    { sql: `${users}; ALTER TABLE users DROP COLUMN "Name" CASCADE` },
  ],
};

interface Taken {
  readonly name: string;
  readonly sql: string;
}

function takenBy(
  statement: Observed,
  migration: JudgedMigration,
  table: TableFacts,
  command: AlterTableCmd,
): readonly Taken[] {
  const madeAgain = new Set(after(statement, migration).flatMap(({ tree }) => viewName(tree) ?? []));
  const views = statement.drops.flatMap((relation) => {
    const { kind, name, isNew } = relation;
    if (isNew || madeAgain.has(name) || (kind !== 'view' && kind !== 'materialized view')) return [];
    return [{ name: `the ${kind} ${called(relation)}`, sql: `DROP ${kind.toUpperCase()} ${sqlName(relation)}` }];
  });
  const keys = table.referredBy
    .filter(({ columns }) => columns.includes(command.name ?? ''))
    .map(({ schema, name, constraint }) => ({
      name: `the foreign key ${constraint} of ${called({ schema, name })}`,
      sql: `ALTER TABLE ${ident(schema)}.${ident(name)} DROP CONSTRAINT ${ident(constraint)}`,
    }));
  return [...views, ...keys, ...computedFrom(statement, table), ...attachedTo(statement)];
}

/** Policies, triggers and rules that use the column, by the server's names for them. */
function attachedTo({ cascades }: Observed): readonly Taken[] {
  return cascades.flatMap((what) => {
    const [, kind, name, table] = /^(policy|trigger|rule) (.+) on (?:table|view) (.+)$/.exec(what) ?? [];
    if (kind === undefined || name === undefined || table === undefined) return [];
    return [{ name: `the ${what}`, sql: `DROP ${kind.toUpperCase()} ${name} ON ${table}` }];
  });
}

function computedFrom(statement: Observed, table: TableFacts): readonly Taken[] {
  const named = new Set(alterations(statement, 'AT_DropColumn').map(({ command }) => command.name));
  return table.columns
    .filter(({ name }) => !named.has(name) && statement.altered && !columnOf(statement.altered, name))
    .map(({ name }) => ({
      name: `the column ${ident(name)}`,
      sql: `ALTER TABLE ${sqlName(table)} DROP COLUMN ${ident(name)}`,
    }));
}

function viewName(tree: Observed['tree']): string | undefined {
  return nodeOf(tree, 'ViewStmt')?.view?.relname ?? nodeOf(tree, 'CreateTableAsStmt')?.into?.rel?.relname;
}
