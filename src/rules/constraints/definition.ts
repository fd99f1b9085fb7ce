import type { Constraint } from 'nest-migrate-dev/libpg-query';
import { nameOf } from '../../observe/catalog.js';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { textsOf } from '../../observe/parser.js';
import { identList } from '../look.js';
import type { NewKey } from '../recipes.js';
import { classify, plainName, sqlTokens } from '../../sql/index.js';

/** The SQL of constraints, rebuilt from the parse tree. */

const actions: Readonly<Record<string, string>> = {
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

export function foreignKeyOf(constraint: Constraint): string {
  const { pktable, fk_attrs, pk_attrs, fk_matchtype, fk_upd_action, fk_del_action, fk_del_set_cols } = constraint;
  const referred = textsOf(pk_attrs);
  const set = textsOf(fk_del_set_cols);
  const onUpdate = actions[fk_upd_action ?? ''];
  const onDelete = actions[fk_del_action ?? ''];
  return [
    `FOREIGN KEY (${identList(textsOf(fk_attrs))})`,
    `REFERENCES ${pktable ? nameOf(pktable) : ''}${referred.length === 0 ? '' : ` (${identList(referred)})`}`,
    ...(fk_matchtype === 'f' ? ['MATCH FULL'] : []),
    ...(onUpdate === undefined ? [] : [`ON UPDATE ${onUpdate}`]),
    ...(onDelete === undefined ? [] : [`ON DELETE ${onDelete}${set.length === 0 ? '' : ` (${identList(set)})`}`]),
  ]
    .join(' ')
    .concat(deferrableOf(constraint));
}

export function keyOf(constraint: Constraint, name: string): NewKey {
  return {
    kind: constraint.contype === 'CONSTR_PRIMARY' ? 'PRIMARY KEY' : 'UNIQUE',
    name,
    columns: textsOf(constraint.keys),
    include: textsOf(constraint.including),
    nulls: constraint.nulls_not_distinct ? ' NULLS NOT DISTINCT' : '',
    deferrable: deferrableOf(constraint),
  };
}

/** The server's name for the index of a key that the statement does not name. */
export function builtFor({ builds, messages }: Observed, table: TableFacts): string {
  const told = messages.flatMap((message) => /implicit index "(.+)" for table /.exec(message)?.[1] ?? []);
  return builds.find((index) => index.table === table.oid)?.name ?? told[0] ?? `${table.name}_key`;
}

function deferrableOf({ deferrable, initdeferred }: Constraint): string {
  return `${deferrable ? ' DEFERRABLE' : ''}${initdeferred ? ' INITIALLY DEFERRED' : ''}`;
}

/** The name that PostgreSQL chooses for an unnamed constraint. */
export function nameFor(
  { conname, contype, fk_attrs }: Constraint,
  table: TableFacts,
  after: TableFacts | undefined,
): string {
  if (conname !== undefined) return conname;
  const known = new Set(table.constraints.map(({ name }) => name));
  const [made, ...others] = (after?.constraints ?? []).filter(({ name }) => !known.has(name));
  if (made !== undefined && others.length === 0) return made.name;
  if (contype === 'CONSTR_FOREIGN') return `${table.name}_${textsOf(fk_attrs).join('_')}_fkey`;
  return `${table.name}_check`;
}

/** The expression of a check as written; undefined if its bounds are unclear. */
export function writtenCheck({ sql }: Observed, { conname }: Constraint, isOnly: 'only one' | 'one of many') {
  const parts = classify(sql)[0]?.splitAt('CHECK') ?? [];
  const at = parts.findIndex(
    (_part, index) =>
      index > 0 && (conname === undefined ? isOnly === 'only one' : lastName(parts[index - 1]) === conname),
  );
  const [expression] = classify(parts[at] ?? '')[0]?.groups() ?? [];
  return expression === undefined ? undefined : `CHECK (${expression})`;
}

function lastName(part: string | undefined): string | undefined {
  const last = [...sqlTokens(part ?? '')].at(-1);
  return last && plainName(last.text);
}
