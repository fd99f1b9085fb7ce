import type { TableFacts } from '../../observe/catalog.js';
import { nodeOf, textsOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import type { JudgedMigration, Rule } from '../rule.js';
import { classify, quoteLiteral } from '../../sql/index.js';

const users = `CREATE TYPE users_mood_enum AS ENUM ('sad', 'ok'); CREATE TABLE users (id int PRIMARY KEY, "Mood" users_mood_enum)`;

export const enumRecreate: Rule = {
  name: 'enum-recreate',
  severity: 'error',
  title: 'Recreating an enum to change its values rewrites the table while reads and writes block.',
  why: 'TypeORM changes the values of an enum by renaming the type, creating a new one and converting the columns through text. That rewrites the table and all its indexes under ACCESS EXCLUSIVE, and fails if a row has a removed value. The old version of the app can no longer write that value. ADD VALUE adds a value without rewriting rows; a value that is no longer allowed can stay in the type.',
  *check(migration) {
    const conversions = migration.statements.flatMap((statement) =>
      convertedBy(statement).map((conversion) => ({ ...conversion, statement })),
    );
    for (const target of new Set(conversions.map(({ to }) => to))) {
      const columns = conversions.filter(({ to }) => to === target);
      const [first] = columns;
      if (!first) continue;
      const tables = [...new Set(columns.map(({ table }) => called(table)))];
      yield {
        statement: first.statement,
        message: `Changing the values of an enum this way rewrites every row of ${tables.join(', ')}, and all indexes, while reads and writes block.`,
        advice: adviceFor(nameBefore(migration, first.from), columns),
      };
    }
  },
  bad: [
    {
      given: users,
      sql: `ALTER TYPE "public"."users_mood_enum" RENAME TO "users_mood_enum_old"; CREATE TYPE "public"."users_mood_enum" AS ENUM('ok'); ALTER TABLE "users" ALTER COLUMN "Mood" TYPE "public"."users_mood_enum" USING "Mood"::"text"::"public"."users_mood_enum"; DROP TYPE "public"."users_mood_enum_old"`,
    },
    {
      given: `${users}; CREATE SCHEMA shop; CREATE TABLE shop.orders (mood users_mood_enum)`,
      sql: `CREATE TYPE mood_new AS ENUM ('sad', 'ok', 'fine'); ALTER TABLE users ALTER "Mood" TYPE mood_new USING "Mood"::text::mood_new, ALTER "Mood" SET DEFAULT 'ok'; ALTER TABLE shop.orders ALTER mood TYPE mood_new USING mood::text::mood_new; DROP TYPE users_mood_enum; ALTER TYPE mood_new RENAME TO users_mood_enum`,
      phase: 'contract',
    },
    {
      given: `${users}; CREATE TYPE "Moods" AS ENUM ('sad', 'ok', 'fine')`,
      sql: 'ALTER TABLE ONLY public.users ALTER COLUMN "Mood" TYPE "Moods" USING "Mood"::text::"Moods"',
    },
  ],
  good: [
    { given: users, sql: "ALTER TYPE users_mood_enum ADD VALUE IF NOT EXISTS 'fine' AFTER 'ok'" },
    {
      sql: `${users}; ALTER TYPE users_mood_enum RENAME TO old; CREATE TYPE users_mood_enum AS ENUM ('ok'); ALTER TABLE users ALTER "Mood" TYPE users_mood_enum USING "Mood"::text::users_mood_enum; DROP TYPE old`,
    },
    {
      given: "CREATE TYPE mood AS ENUM ('sad')",
      sql: "ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('ok'); DROP TYPE mood_old",
    },
  ],
};

/** The name of the type before the migration gave it to another one. */
function nameBefore({ statements }: JudgedMigration, now: string): string {
  const bare = (name: string): string | undefined => classify(name)[0]?.nameAfter()?.at(-1);
  const renames = statements.flatMap(({ tree }) => nodeOf(tree, 'RenameStmt') ?? []);
  const rename = renames.find(({ renameType, newname }) => renameType === 'OBJECT_TYPE' && newname === bare(now));
  return rename ? textsOf(nodeOf(rename.object, 'List')?.items).map(ident).join('.') : now;
}

interface Conversion {
  readonly table: TableFacts;
  readonly column: string;
  readonly from: string;
  readonly to: string;
  readonly before: readonly string[];
  readonly values: readonly string[];
}

/** The columns that a statement converts from one enum to another, rewriting their table. */
function convertedBy(statement: Observed): readonly Conversion[] {
  return alterations(statement, 'AT_AlterColumnType').flatMap(({ table, command }) => {
    const was = columnOf(table, command.name);
    const is = statement.altered && columnOf(statement.altered, command.name);
    const isRewritten = statement.rewrites.some(({ oid }) => oid === table.oid);
    if (!was?.enum || !is?.enum || was.type === is.type || !isRewritten) return [];
    return [{ table, column: was.name, from: was.type, to: is.type, before: was.enum, values: is.enum }];
  });
}

function adviceFor(type: string, columns: readonly Conversion[]): string | undefined {
  const { before = [], values = [] } = columns[0] ?? {};
  const added = values.filter((value) => !before.includes(value));
  const gone = before.filter((value) => !values.includes(value));
  if (added.length + gone.length === 0) return undefined;
  const adding = added.map((value) => {
    const neighbour = values[values.indexOf(value) - 1];
    const place = neighbour === undefined ? '' : ` AFTER ${quoteLiteral(neighbour)}`;
    return `ALTER TYPE ${type} ADD VALUE IF NOT EXISTS ${quoteLiteral(value)}${place};`;
  });
  const checks = columns.flatMap(({ table, column }) => {
    const constraint = ident(`${table.name}_${column}_values`);
    const list = gone.map(quoteLiteral).join(', ');
    return [
      `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${constraint} CHECK (${ident(column)} NOT IN (${list})) NOT VALID;`,
      `-- In a migration of its own, when no row has a forbidden value any more:\nALTER TABLE ${sqlName(table)} VALIDATE CONSTRAINT ${constraint};`,
    ];
  });
  return [
    ...(added.length > 0 ? ['-- In a migration of its own, before the values are used:', ...adding] : []),
    ...(gone.length > 0
      ? ['-- Keep the type, and forbid the unwanted values in a contract migration:', ...checks]
      : []),
  ].join('\n');
}
