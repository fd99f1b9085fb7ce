import { called, ident, newColumns, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { after, before, isNewColumn, renamingOf, renamings } from './batch.js';
import { pathOf } from './recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, name text, name__new text)';

export const renameColumn: Rule = {
  name: 'rename-column',
  severity: 'warning',
  title: 'A column is renamed while the old version of the app still uses its name.',
  why: 'RENAME COLUMN is over at once, and from then on every query of the old version fails: TypeORM names all columns of an entity in each query. During a rollout both versions run. And TypeORM guesses: it writes RENAME COLUMN when one column of an entity goes and another of the same shape comes, though the two may have nothing to do with each other, and then keeps the wrong data. Columns that change places in one migration keep their names and are not meant.',
  check: eachStatement((statement, migration, context) => {
    const renaming = migration.phase === 'contract' ? undefined : renamingOf(statement);
    if (!renaming || isNewColumn(renaming.table, renaming.from, statement, context)) return [];
    const { table, from, to } = renaming;
    const rest = after(statement, migration);
    const nameComesBack =
      renamings(rest, table).some((other) => other.to === from) ||
      rest.some((other) => newColumns(other).some((one) => one.table.oid === table.oid && one.column.colname === from));
    const takesPlace = renamings(before(statement, migration), table).some((other) => other.from === to);
    if (nameComesBack || takesPlace) return [];
    return [
      {
        message: `The old version of the app fails as soon as ${called(table)}.${from} is called ${ident(to)}.`,
        fix: [
          `-- Keep the name in the database, in the entity: @Column({ name: '${from.replaceAll("'", "\\'")}' }). Or both names side by side until the`,
          `-- old version is gone, which "nest-migrate generate --rename ${pathOf(table, from)}=${to}" writes. Or, if the two have nothing to do with`,
          '-- each other, a new column, and in a file of its own:',
          `-- phase: contract\nALTER TABLE ${sqlName(table)} DROP COLUMN ${ident(from)};`,
        ].join('\n'),
      },
    ];
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users RENAME COLUMN name TO "fullName"' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Name" text)',
      sql: 'ALTER TABLE IF EXISTS app."User" RENAME "Name" TO name',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users RENAME COLUMN name TO "fullName"', phase: 'contract' },
    {
      given: users,
      sql: 'ALTER TABLE users RENAME COLUMN name TO name__old; ALTER TABLE users RENAME COLUMN name__new TO name',
    },
    { sql: `${users}; ALTER TABLE users RENAME COLUMN name TO "fullName"` },
    { given: users, sql: 'ALTER TABLE users ADD a int; ALTER TABLE users RENAME a TO b' },
  ],
};
