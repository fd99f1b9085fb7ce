import type { Constraint } from 'libpg-query';
import { nameOf } from '../../observe/catalog.js';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observer.js';
import { textsOf } from '../../observe/parser.js';
import { identList } from '../look.js';
import type { NewKey } from '../recipes.js';

/** The SQL of constraints, put together again from what the parser made of it. */

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

/** How the server has named the index of a key that has no name in the statement. */
export function builtFor({ builds, messages }: Observed, table: TableFacts): string {
  const told = messages.flatMap((message) => /implicit index "(.+)" for table /.exec(message)?.[1] ?? []);
  return builds.find((index) => index.table === table.oid)?.name ?? told[0] ?? `${table.name}_key`;
}

function deferrableOf({ deferrable, initdeferred }: Constraint): string {
  return `${deferrable ? ' DEFERRABLE' : ''}${initdeferred ? ' INITIALLY DEFERRED' : ''}`;
}

/** As PostgreSQL names it itself where nobody else has. */
export function nameFor({ conname, contype, fk_attrs }: Constraint, table: TableFacts): string {
  if (conname !== undefined) return conname;
  if (contype === 'CONSTR_FOREIGN') return `${table.name}_${textsOf(fk_attrs).join('_')}_fkey`;
  return `${table.name}_check`;
}

/** The expression of a check as it was written; undefined where that is not clear. */
export function writtenCheck({ sql }: Observed, { conname }: Constraint, isOnly: 'only one' | 'one of many') {
  const start = conname === undefined ? '\\bCHECK\\s*\\(' : `${named(conname)}\\s+CHECK\\s*\\(`;
  const match = new RegExp(start, 'i').exec(sql);
  if (!match || (conname === undefined && isOnly !== 'only one')) return undefined;
  const from = match.index + match[0].length;
  const end = closing(sql, from);
  return end === undefined ? undefined : `CHECK (${sql.slice(from, end).trim()})`;
}

function named(name: string): string {
  const escaped = name.replaceAll('"', '""').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return `CONSTRAINT\\s+(?:"${escaped}"|${escaped})`;
}

/** Where the parenthesis closes that was opened before; what stands in quotes does not count. */
function closing(sql: string, from: number): number | undefined {
  let depth = 1;
  const marks = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/g;
  marks.lastIndex = from;
  for (let match = marks.exec(sql); match; match = marks.exec(sql)) {
    if (match[0] === '(') depth += 1;
    if (match[0] === ')') depth -= 1;
    if (depth === 0) return match.index;
  }
  return undefined;
}
