import type { IndexStmt } from 'nest-migrate-dev/libpg-query';
import type { IndexFacts, TableFacts } from '../../observe/catalog.js';
import { nodeOf } from '../../observe/parser.js';
import { after, called, factsOf, ident, sqlName } from '../look.js';
import { outsideTransaction } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Problem, Rule } from '../rule.js';
import { droppedIndexes } from './dropped.js';
import { classify } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, "Email" text, town text)';

export const indexDuplicate: Rule = {
  name: 'index-duplicate',
  severity: 'notice',
  title: 'Two indexes do the work of one.',
  why: 'An index on (a, b) also serves the queries that an index on (a) would serve. The second one slows down every write, takes memory and disk space, and has to be vacuumed. Only plain B-tree indexes without conditions are compared, and the index that TypeORM creates for every join table is not reported.',
  check: eachStatement((statement, _migration, { batch }) => {
    const create = nodeOf(statement.tree, 'IndexStmt');
    const table = factsOf(statement, create?.relation);
    const columns = create && plainColumns(create);
    if (!create || !table || !columns) return;
    const later = after(statement, batch);
    const isDropped = ({ name }: IndexFacts): boolean =>
      later.some((one) => droppedIndexes(one).some(({ index }) => index.name === name));
    const others = table.indexes.filter(
      (other) => isPlain(other) && other.name !== create.idxname && !isDropped(other),
    );
    const wider = create.unique ? undefined : others.find((other) => beginsWith(other.columns, columns));
    if (wider && isOfJoinTable(create, wider)) return;
    if (wider) return [unneeded(create, wider, table)];
    return others
      .filter((other) => !other.unique && !other.ofConstraint && beginsWith(columns, other.columns))
      .map((other) => outdone(other, table));
  }),
  bad: [
    { given: users, sql: 'CREATE INDEX CONCURRENTLY i ON users (id)', transaction: false },
    { given: `${users}; CREATE INDEX j ON users ("Email", town)`, sql: 'CREATE INDEX "I" ON public.users ("Email")' },
    { sql: `${users}; CREATE INDEX "J" ON users (town); CREATE UNIQUE INDEX i ON users (town, "Email")` },
  ],
  good: [
    { sql: `${users}; CREATE INDEX j ON users (town, "Email"); CREATE INDEX i ON users ("Email")` },
    {
      given: `${users}; CREATE INDEX j ON users (town)`,
      sql: 'CREATE INDEX CONCURRENTLY i ON users (town, "Email"); DROP INDEX CONCURRENTLY j',
      transaction: false,
    },
    {
      sql: `${users}; CREATE INDEX a ON users (town); CREATE INDEX b ON users (town DESC); CREATE INDEX c ON users (town) WHERE id > 9; CREATE INDEX d ON users (lower(town)); CREATE INDEX e ON users (town text_pattern_ops); CREATE INDEX f ON users USING hash (town)`,
    },
    {
      sql: 'CREATE TABLE tags (a int, b int, CONSTRAINT "PK_74d9abd35cb26e809f8eddc0f99" PRIMARY KEY (a, b)); CREATE INDEX "IDX_b651178cc41334544a7a9601c4" ON tags (a)',
    },
    { sql: `${users}; CREATE INDEX IF NOT EXISTS i ON users (town); CREATE INDEX IF NOT EXISTS i ON users (town)` },
    { sql: `${users}; CREATE UNIQUE INDEX i ON users (town, "Email"); CREATE UNIQUE INDEX j ON users (town)` },
  ],
};

/** TypeORM creates it for every join table and every closure table, and has no option to leave it out. */
function isOfJoinTable({ idxname = '' }: IndexStmt, { name, primary }: IndexFacts): boolean {
  return primary && /^IDX_[0-9a-f]{26}$/.test(idxname) && /^PK_[0-9a-f]{27}$/.test(name);
}

/** Undefined if the index consists of more than plain columns. */
function plainColumns({ indexParams = [], indexIncludingParams, whereClause, accessMethod }: IndexStmt) {
  if (whereClause || indexIncludingParams || (accessMethod !== undefined && accessMethod !== 'btree')) return undefined;
  const columns = indexParams.flatMap((node) => {
    const { name, ordering, nulls_ordering, opclass, collation } = nodeOf(node, 'IndexElem') ?? {};
    const isDefault = ordering === 'SORTBY_DEFAULT' && nulls_ordering === 'SORTBY_NULLS_DEFAULT';
    return name !== undefined && isDefault && !opclass && !collation ? [name] : [];
  });
  return columns.length === indexParams.length ? columns : undefined;
}

/** Whether the definition, as PostgreSQL writes it, has only names between its parentheses. */
function isPlain({ definition, columns, method, valid, predicate }: IndexFacts): boolean {
  if (method !== 'btree' || !valid || predicate !== null || columns.includes('')) return false;
  const [index] = classify(definition);
  const [list = '', ...more] = index?.groups() ?? [];
  const parts = classify(list)[0]?.splitAt(',') ?? [];
  return (
    more.length === 0 &&
    parts.length === columns.length &&
    parts.every((part, at) => part === columns[at] || part === ident(columns[at]))
  );
}

function beginsWith(columns: readonly string[], first: readonly string[]): boolean {
  return first.every((column, index) => columns[index] === column);
}

function unneeded({ idxname }: IndexStmt, wider: IndexFacts, table: TableFacts): Omit<Problem, 'statement'> {
  return {
    message: `${idxname === undefined ? 'It' : ident(idxname)} is not needed: ${ident(wider.name)} (${wider.columns.join(', ')}) of ${called(table)} serves the same queries.`,
  };
}

function outdone({ name, columns }: IndexFacts, table: TableFacts): Omit<Problem, 'statement'> {
  return {
    message: `With it, ${ident(name)} (${columns.join(', ')}) of ${called(table)} is no longer needed.`,
    advice: `${outsideTransaction}\nDROP INDEX CONCURRENTLY IF EXISTS ${sqlName({ schema: table.schema, name })};`,
  };
}
