import type { ColumnDef } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { textsOf } from '../../observe/parser.js';
import type { Declared } from '../declared.js';
import { columnsOf, declaredConstraints, isSameName } from '../declared.js';
import { columnOf, factsOf, ident } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id bigint PRIMARY KEY, "Code" text UNIQUE)';

export const fkTypeMismatch: Rule = {
  name: 'fk-type-mismatch',
  severity: 'warning',
  title: 'A foreign key column and the column it refers to have different types.',
  why: 'An int column can refer to a bigint key until the key passes 2,147,483,647: from then on, no row can refer to new keys, and the column must be changed in a hurry. Other differing types are converted in every join and every check, which may prevent the use of an index. Lengths, as in varchar(50), do not matter.',
  check: eachStatement((statement) =>
    declaredConstraints(statement)
      .filter(({ constraint }) => constraint.contype === 'CONSTR_FOREIGN')
      .flatMap((declared) => {
        const { range, constraint, newColumns } = declared;
        const { pktable } = constraint;
        const referring = { facts: factsOf(statement, range), newColumns };
        const isItself = pktable !== undefined && isSameName(pktable, range) && referring.facts === undefined;
        const referred = isItself ? referring : { facts: factsOf(statement, pktable), newColumns: [] };
        const keys = referredColumns(declared, referred.facts, isItself ? statement : undefined);
        return columnsOf(declared).flatMap((column, index) => {
          const [own, other] = [typeIn(referring, column), typeIn(referred, keys[index])];
          if (own === undefined || other === undefined || own === other) return [];
          return [
            {
              message: `${ident(column)} is ${own}, but ${ident(keys[index])} of ${pktable?.relname ?? ''}, which it refers to, is ${other}.`,
            },
          ];
        });
      }),
  ),
  bad: [
    { given: users, sql: 'CREATE TABLE orders (id int PRIMARY KEY, "userId" int REFERENCES users UNIQUE)' },
    {
      given: `${users}; CREATE SCHEMA shop; CREATE TABLE shop.orders ("userId" integer UNIQUE)`,
      sql: 'ALTER TABLE ONLY shop.orders ADD CONSTRAINT fk FOREIGN KEY ("userId") REFERENCES public.users (id) NOT VALID',
    },
    { sql: 'CREATE TABLE nodes (id bigserial PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES nodes)' },
  ],
  good: [
    { given: users, sql: 'CREATE TABLE orders (id int PRIMARY KEY, "userId" int8 REFERENCES users UNIQUE)' },
    { given: users, sql: 'CREATE TABLE orders (code varchar(50) UNIQUE REFERENCES users ("Code"))' },
    { sql: 'CREATE TABLE nodes (id bigserial PRIMARY KEY, parent bigint UNIQUE REFERENCES nodes)' },
  ],
};

interface Side {
  readonly facts: TableFacts | undefined;
  readonly newColumns: readonly ColumnDef[];
}

/** The referenced columns: the named ones, or else those of the primary key. */
function referredColumns(
  { constraint }: Declared,
  referred: TableFacts | undefined,
  itself: Observed | undefined,
): readonly string[] {
  const named = textsOf(constraint.pk_attrs);
  if (named.length > 0) return named;
  const ownKey =
    itself && declaredConstraints(itself).find((declared) => declared.constraint.contype === 'CONSTR_PRIMARY');
  if (ownKey) return columnsOf(ownKey);
  return referred?.constraints.find(({ type }) => type === 'primary key')?.columns ?? [];
}

function typeIn({ facts, newColumns }: Side, name: string | undefined): string | undefined {
  const type = facts && columnOf(facts, name)?.type;
  if (type !== undefined) return family(type);
  const column = newColumns.find(({ colname }) => colname === name);
  const written = textsOf(column?.typeName?.names).at(-1);
  const known = written === undefined ? undefined : names[written];
  return known !== undefined && !column?.typeName?.arrayBounds ? family(known) : undefined;
}

/** Ignores the length of a text type. */
function family(type: string): string {
  const plain = type.replace(/\([^)]*\)/, '');
  return plain === 'character varying' ? 'text' : plain;
}

/** Type names of the parser and of format_type. The rule compares no other types. */
const names: Readonly<Record<string, string>> = {
  int2: 'smallint',
  smallserial: 'smallint',
  int4: 'integer',
  serial: 'integer',
  int8: 'bigint',
  bigserial: 'bigint',
  numeric: 'numeric',
  text: 'text',
  varchar: 'character varying',
  bpchar: 'character',
  uuid: 'uuid',
};
