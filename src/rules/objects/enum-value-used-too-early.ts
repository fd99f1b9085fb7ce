import { codeOf } from '../../errors.js';
import { nodeOf, nodesOf, textsOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { JudgedMigration, Problem, Rule } from '../rule.js';
import { classify, quoteLiteral } from '../../sql/index.js';
import { bare } from '../recipes.js';

const mood = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE users (id int PRIMARY KEY, name text, mood mood)";

export const enumValueUsedTooEarly: Rule = {
  name: 'enum-value-used-too-early',
  severity: 'error',
  explains: ['55P04'],
  title: 'An enum value is added and used in the same transaction.',
  why: 'A value added with ALTER TYPE … ADD VALUE cannot be used before the commit: as soon as a row needs it, the transaction fails with "unsafe use of new value" (55P04). On an empty table this may go unnoticed. The values that CREATE TYPE lists can be used immediately; since PostgreSQL 17, so can values added to a type that was created in the same transaction.',
  *check(migration, { targetVersion }) {
    for (const [index, statement] of migration.statements.entries()) {
      const added = addedValue(statement);
      if (added === undefined || statement.transaction === undefined) continue;
      if (targetVersion >= 17 && isTypeNew(added, statement, migration)) continue;
      const rest = migration.statements.slice(index + 1);
      const use = rest.find((later) => later.transaction === statement.transaction && isUsed(added, later));
      if (use) yield problem(added, use, statement);
    }
  },
  bad: [
    { given: mood, sql: "ALTER TYPE mood ADD VALUE 'fine'; INSERT INTO users VALUES (1, 'x', 'fine')", fails: true },
    {
      given: mood,
      sql: "ALTER TYPE mood ADD VALUE 'fine'; UPDATE users SET mood = (CASE WHEN name = '' THEN 'fine' ELSE 'ok' END)::mood WHERE id = 1",
    },
    {
      given: `CREATE SCHEMA shop; CREATE TYPE shop."State" AS ENUM ('new'); CREATE TABLE shop.orders (id int PRIMARY KEY, state shop."State")`,
      sql: `ALTER TYPE shop."State" ADD VALUE IF NOT EXISTS 'it''s paid'; DO $$ BEGIN UPDATE shop.orders SET state = 'it''s paid' WHERE id = 1; EXCEPTION WHEN OTHERS THEN NULL; END $$`,
    },
  ],
  good: [
    { given: mood, sql: ["ALTER TYPE mood ADD VALUE 'fine'", "UPDATE users SET mood = 'fine' WHERE id = 1"] },
    { given: mood, sql: "ALTER TYPE mood ADD VALUE 'fine'; UPDATE users SET name = 'ok' WHERE id = 1" },
    {
      given: `${mood}; CREATE TABLE roles (name text PRIMARY KEY)`,
      sql: "ALTER TYPE mood ADD VALUE 'fine'; INSERT INTO roles VALUES ('fine')",
    },
    {
      given: mood,
      sql: "ALTER TYPE mood ADD VALUE 'fine'; UPDATE users SET mood = 'fine' WHERE id = 1",
      transaction: false,
    },
  ],
};

interface AddedValue {
  readonly value: string;
  readonly type: readonly string[];
}

function addedValue({ tree }: Observed): AddedValue | undefined {
  const alter = nodeOf(tree, 'AlterEnumStmt');
  return alter?.newVal !== undefined && !alter.oldVal
    ? { value: alter.newVal, type: textsOf(alter.typeName) }
    : undefined;
}

/** Whether the type was created in the same transaction, rather than renamed. */
function isTypeNew({ type }: AddedValue, statement: Observed, { statements }: JudgedMigration): boolean {
  return statements.some(
    ({ tree, transaction }) =>
      transaction === statement.transaction && textsOf(nodeOf(tree, 'CreateEnumStmt')?.typeName).at(-1) === type.at(-1),
  );
}

/** The text alone proves little: it may be the value of a column of another type. */
function isUsed({ value, type }: AddedValue, { tree, tables, error }: Observed): boolean {
  if (tree === undefined || nodeOf(tree, 'AlterEnumStmt')) return false;
  if (codeOf(error) === '55P04') return true;
  const block = nodeOf(tree, 'DoStmt') ?? nodeOf(tree, 'CallStmt');
  if (block) return JSON.stringify(block).includes(JSON.stringify(quoteLiteral(value)).slice(1, -1));
  const isSaid = [...nodesOf(tree, 'A_Const')].some(({ sval }) => sval?.sval === value);
  if (!isSaid) return false;
  const name = type.at(-1) ?? '';
  const casts = [...nodesOf(tree, 'TypeCast')].some(({ typeName }) => textsOf(typeName?.names).at(-1) === name);
  const isOfType = (of: string): boolean => classify(of)[0]?.nameAfter()?.at(-1) === name;
  return casts || [...tables.values()].some(({ columns }) => columns.some((column) => isOfType(column.type)));
}

function problem({ value, type }: AddedValue, use: Observed, added: Observed): Problem {
  return {
    statement: use,
    message: `${quoteLiteral(value)} was added to ${type.join('.')} in the same transaction: as soon as a row needs it, this fails (55P04), and the transaction is rolled back.`,
    advice: `-- In a migration of its own, before this one:\n${bare(added.sql)};`,
  };
}
