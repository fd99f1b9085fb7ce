import type { IndexFacts } from '../../observe/catalog.js';
import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Problem, Rule } from '../rule.js';
import { indexesBuilt, isRewritten } from './effects.js';
import { asConcurrent, ownMigrations, writtenByFix } from '../recipes.js';
import { secondColumn } from './recipes.js';
import { retypings } from './retype.js';
import type { Retyping } from './retype.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email varchar(50))';

export const alterTypeIndexRebuild: Rule = {
  name: 'alter-type-index-rebuild',
  severity: 'error',
  title: 'Changing the type of a column rebuilds its indexes while reads and writes block.',
  why: 'Even if no row has to be converted (varchar to text, another COLLATE, timestamp to timestamptz), an index over an expression, a partial index, or one whose order changes is rebuilt under ACCESS EXCLUSIVE: reads and writes block meanwhile. To avoid this, drop the index first, and build it again CONCURRENTLY afterwards. If the rows are rewritten too, see alter-type-rewrite.',
  check: eachStatement((statement, migration, { targetVersion }) =>
    retypings(statement).flatMap((retyping) => {
      const { table, was } = retyping;
      if (isRewritten(statement, table)) return [];
      const built = new Set(indexesBuilt(statement, table).map(({ name }) => name));
      const indexes = table.indexes.filter(({ name, definition }) => built.has(name) && definition.includes(was.name));
      if (indexes.length === 0) return [];
      const names = indexes.map(({ name }) => ident(name)).join(', ');
      return [
        {
          message: `Reads and writes on ${called(table)} block while ${names} ${indexes.length === 1 ? 'is' : 'are'} rebuilt.`,
          ...remedyOf(retyping, indexes, targetVersion, migration),
        },
      ];
    }),
  ),
  bad: [
    {
      given: `${users}; CREATE INDEX by_email ON users (lower(email))`,
      sql: 'ALTER TABLE users ALTER COLUMN email TYPE text',
    },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Name" text UNIQUE)',
      sql: 'ALTER TABLE app."User" ALTER "Name" TYPE text COLLATE "C"',
    },
  ],
  good: [
    {
      given: `${users}; CREATE INDEX by_email ON users (email)`,
      sql: 'ALTER TABLE users ALTER COLUMN email TYPE text',
    },
    { sql: `${users}; CREATE INDEX by_email ON users (lower(email)); ALTER TABLE users ALTER COLUMN email TYPE text` },
  ],
};

function remedyOf(
  { table, was, is, type }: Retyping,
  indexes: readonly IndexFacts[],
  targetVersion: number,
  migration: JudgedMigration,
): Pick<Problem, 'fix' | 'advice'> {
  if (indexes.some(({ ofConstraint }) => ofConstraint)) {
    const column = secondColumn(table, was, { type, default: is.default }, targetVersion);
    return { advice: `${writtenByFix(migration)}\n${column}` };
  }
  const schema = ident(table.schema);
  return {
    fix: [
      ownMigrations,
      '-- Without a transaction:',
      ...indexes.map(({ name }) => `DROP INDEX CONCURRENTLY ${schema}.${ident(name)};`),
      `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${ident(was.name)} TYPE ${type};`,
      '-- Without a transaction:',
      ...indexes.map(({ name, definition }) => `${asConcurrent(definition, name)};`),
    ].join('\n'),
  };
}
