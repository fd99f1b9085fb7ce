import type { DefElem } from 'nest-migrate-dev/libpg-query';
import { nodeOf, textsOf } from '../../observe/parser.js';
import type { Tree } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, sqlName, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { quoteLiteral } from '../../sql/index.js';

const numbers = 'CREATE SEQUENCE numbers';

export const alterSequence: Rule = {
  name: 'alter-sequence',
  severity: 'warning',
  title: 'A sequence in use restarts, or gets a smaller range.',
  why: 'After RESTART, the sequence returns numbers that rows may already have: each INSERT fails on the primary key until the sequence has passed them. With a smaller type, it fails when it reaches the end of the range, or immediately if it is already past it. Neither problem shows on an empty database. A larger type does no harm.',
  check: eachStatement((statement) =>
    changes(statement).map(({ of, table, what }) => ({
      message:
        what === 'restart'
          ? `${of} restarts: the next INSERTs may get numbers that already exist.`
          : `${of} gets a smaller range: every INSERT fails once the range is exhausted.`,
      advice:
        what === 'restart'
          ? `-- Continue after the largest existing number:\nSELECT setval(${table}, (SELECT coalesce(max(…), 0) + 1 FROM …), false);`
          : undefined,
    })),
  ),
  bad: [
    { given: numbers, sql: 'ALTER SEQUENCE numbers RESTART WITH 1' },
    { given: 'CREATE SCHEMA shop; CREATE SEQUENCE shop."Numbers"', sql: 'ALTER SEQUENCE shop."Numbers" AS integer' },
    {
      given: 'CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY)',
      sql: 'ALTER TABLE users ALTER COLUMN id RESTART',
    },
  ],
  good: [
    { given: 'CREATE SEQUENCE numbers AS int', sql: 'ALTER SEQUENCE numbers AS bigint MAXVALUE 9223372036854775807' },
    { given: numbers, sql: 'ALTER SEQUENCE numbers OWNED BY NONE; ALTER SEQUENCE numbers CACHE 10 MAXVALUE 1000000' },
    { sql: `${numbers}; ALTER SEQUENCE numbers RESTART` },
    { sql: 'ALTER SEQUENCE IF EXISTS numbers RESTART' },
  ],
};

interface Change {
  readonly of: string;
  /** The sequence as an SQL expression. */
  readonly table: string;
  readonly what: 'restart' | 'smaller';
}

function changes(statement: Observed): readonly Change[] {
  const alter = nodeOf(statement.tree, 'AlterSeqStmt');
  const sequence = tableInUse(statement, alter?.sequence);
  if (sequence && alter) {
    const what = kindOf(alter.options);
    return what ? [{ of: called(sequence), table: quoteLiteral(sqlName(sequence)), what }] : [];
  }
  return alterations(statement, 'AT_SetIdentity').flatMap(({ table, command }) => {
    const what = kindOf(nodeOf(command.def, 'List')?.items);
    const name = command.name ?? '';
    const sequenceOf = `pg_get_serial_sequence(${quoteLiteral(sqlName(table))}, ${quoteLiteral(name)})`;
    return what ? [{ of: `${called(table)}.${name}`, table: sequenceOf, what }] : [];
  });
}

function kindOf(options: readonly Tree[] | undefined): Change['what'] | undefined {
  const elements = (options ?? []).flatMap((node) => nodeOf(node, 'DefElem') ?? []);
  if (elements.some(({ defname }) => defname === 'restart')) return 'restart';
  return elements.some(isSmaller) ? 'smaller' : undefined;
}

function isSmaller({ defname, arg }: DefElem): boolean {
  return defname === 'as' && textsOf(nodeOf(arg, 'TypeName')?.names).at(-1) !== 'int8';
}
