import { nodeOf, textsOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { isSameTransaction } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isMade } from './named.js';

const mood = "CREATE TYPE mood AS ENUM ('sad', 'ok')";

export const renameType: Rule = {
  name: 'rename-type',
  severity: 'warning',
  title: 'A type is renamed while the old version of the app still uses the old name.',
  why: 'Columns follow the new name, and no row is rewritten. But every statement that names the old type fails (42704): casts such as $1::mood, function arguments, and the casts that an ORM writes for arrays of enums. Rename it in a contract migration, or keep its name with enumName in the entity.',
  check: eachStatement((statement, { phase, statements }, { batch }) => {
    const parts = renamedType(statement);
    if (parts === undefined || phase === 'contract' || isMade('type', parts, statement, batch)) return;
    if (isMadeAgain(parts, statement, statements)) return;
    return [
      {
        message: `Every statement of the old version of the app that names the type ${parts.join('.')} fails.`,
        advice: '-- In a contract migration of its own.',
      },
    ];
  }),
  bad: [
    { given: mood, sql: 'ALTER TYPE mood RENAME TO feeling' },
    {
      given: 'CREATE SCHEMA shop; CREATE DOMAIN shop."Email" AS text',
      sql: 'ALTER DOMAIN shop."Email" RENAME TO address',
    },
  ],
  good: [
    { sql: `${mood}; ALTER TYPE mood RENAME TO feeling` },
    { given: mood, sql: 'ALTER TYPE mood RENAME TO feeling', phase: 'contract' },
    { given: mood, sql: `ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('sad', 'ok', 'fine')` },
  ],
};

const kinds: ReadonlySet<unknown> = new Set(['OBJECT_TYPE', 'OBJECT_DOMAIN']);

function renamedType({ tree }: Observed): readonly string[] | undefined {
  const rename = nodeOf(tree, 'RenameStmt');
  return rename && kinds.has(rename.renameType) ? textsOf(nodeOf(rename.object, 'List')?.items) : undefined;
}

/** Whether a new type takes over the name in the same transaction. */
function isMadeAgain(parts: readonly string[], statement: Observed, statements: readonly Observed[]): boolean {
  return statements.some(
    (other) =>
      isSameTransaction(other, statement) &&
      textsOf(nodeOf(other.tree, 'CreateEnumStmt')?.typeName).at(-1) === parts.at(-1),
  );
}
