import type { ColumnFacts, TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, nodesOf, textsOf } from '../../observe/parser.js';
import type { Tree } from '../../observe/parser.js';
import { valueType } from '../../schema/value-type.js';
import type { ValueType } from '../../schema/value-type.js';
import { alterations, columnOf, ident } from '../look.js';
import type { JudgedMigration } from '../rule.js';
import { before } from './batch.js';
import { changesTimeZone, lossOf } from './types.js';
import { classify } from '../../sql/index.js';

/** An ALTER COLUMN … TYPE on a table in use. */
export interface Retyping {
  readonly table: TableFacts;
  readonly was: ColumnFacts;
  readonly is: ColumnFacts;
  /** The new type, as written in SQL. */
  readonly type: string;
  readonly using: Tree | undefined;
  /** Whether the type change alone causes the work of the statement. */
  readonly isAlone: boolean;
}

export function retypings(statement: Observed): readonly Retyping[] {
  const all = alterations(statement);
  return all.flatMap(({ table, command }) => {
    if (command.subtype !== 'AT_AlterColumnType') return [];
    const was = columnOf(table, command.name);
    const is = statement.altered && columnOf(statement.altered, command.name);
    const given = nodeOf(command.def, 'ColumnDef');
    if (!was || !is) return [];
    const collation = textsOf(given?.collClause?.collname).map(ident).join('.');
    const type = collation === '' ? is.type : `${is.type} COLLATE ${collation}`;
    return [{ table, was, is, type, using: given?.raw_default, isAlone: all.length === 1 }];
  });
}

/** The zone in `AT TIME ZONE '…'`; undefined if USING is another expression. */
export function zoneOf(using: Tree | undefined): string | undefined {
  const call = nodeOf(using, 'FuncCall');
  if (textsOf(call?.funcname).at(-1) !== 'timezone') return undefined;
  return nodeOf(call?.args?.[0], 'A_Const')?.sval?.sval;
}

/** Whether USING is only a cast to the new type. */
export function isMereCast(using: Tree): boolean {
  const cast = nodeOf(using, 'TypeCast');
  if (cast?.arg) return isMereCast(cast.arg);
  return nodeOf(using, 'ColumnRef') !== undefined;
}

/** The USING expression as written. */
export function usingText({ sql }: Observed, { using, isAlone }: Retyping): string | undefined {
  if (using === undefined) return undefined;
  return isAlone ? classify(sql)[0]?.splitAt('USING').at(1) : '…';
}

/** The time zone that the migration has set for this statement. */
export function pinnedZone(statement: Observed, migration: JudgedMigration): string | undefined {
  const set = before(statement, migration)
    .filter(({ transaction }) => transaction === statement.transaction)
    .flatMap(({ tree }) => nodeOf(tree, 'VariableSetStmt') ?? [])
    .findLast(({ name }) => name?.toLowerCase() === 'timezone');
  if (set?.kind !== 'VAR_SET_VALUE') return undefined;
  return [...nodesOf(set.args, 'A_Const')][0]?.sval?.sval;
}

export function isUtc(zone: string | undefined): boolean {
  return /^(?:Etc\/)?(?:UTC|UCT|Zulu)$|^GMT$/i.test(zone ?? '');
}

/** Whether the result depends on the session's time zone, which alter-type-timezone reports. */
export function dependsOnSession({ was, is, using }: Retyping, zone: string | undefined): boolean {
  return changesTimeZone(was.type, is.type) && zoneOf(using) === undefined && zone === undefined;
}

/** How existing values may be lost, in words; undefined if all fit, or if USING converts them deliberately. */
export function lossIn({ was, is, using }: Retyping): string | undefined {
  if (using && !isMereCast(using)) return undefined;
  return lossOf(typeOf(was), typeOf(is), using ? 'cast' : 'assignment');
}

/** The base type of a domain. */
export function typeOf({ type, domain, enum: labels }: ColumnFacts): ValueType {
  return valueType(domain?.type ?? type, labels ?? undefined);
}
