import type { ColumnFacts } from '../../observe/catalog.js';
import { isMereCast, retypings, typeOf } from '../../rules/columns/retype.js';
import type { Retyping } from '../../rules/columns/retype.js';
import { conversionOf } from '../../schema/conversion.js';
import type { Way } from '../../schema/conversion.js';
import { isText, longest } from '../../schema/value-type.js';
import type { ValueType } from '../../schema/value-type.js';
import { quoteLiteral, quoteName } from '../../sql/index.js';
import type { Tried } from './observe-pending.js';
import type { Promised } from './promised.js';

/** The condition that every value fits the new type of its column, for conversions that can fail. */
export function fittingTypes({ statements, tables }: Tried): readonly Promised[] {
  const all = statements.flatMap((by) => retypings(by).map((retyping) => ({ by, retyping })));
  return all.flatMap(({ by, retyping }): readonly Promised[] => {
    const live = tables.find(({ before }) => before.oid === retyping.table.oid)?.live;
    const now = live?.columns.find(({ number }) => number === retyping.was.number);
    // A column that this run adds has no values of the old type.
    if (!live || !now) return [];
    const { table, is, using } = retyping;
    const way: Way | 'another' = using === undefined ? 'assignment' : isMereCast(using) ? 'cast' : 'another';
    const promised = {
      by,
      table,
      columns: [is.name],
      what: `every value of ${table.name}.${is.name} fits ${is.type}`,
    };
    const from = `${quoteName(live.schema)}.${quoteName(live.name)}`;
    if (way === 'another') return [{ ...promised, question: `SELECT FROM ${from}`, found: 'a doubt' }];
    if (!mayFail(retyping, way)) return [];
    const condition = conditionFor(quoteName(now.name), is, way);
    return condition === undefined
      ? [{ ...promised, question: `SELECT FROM ${from}`, found: 'a doubt' }]
      : [{ ...promised, question: `SELECT FROM ${from} WHERE ${condition}`, failed: 'an offending row' }];
  });
}

function mayFail({ was, is }: Retyping, way: Way): boolean {
  return is.domain?.checked === true || conversionOf(typeOf(was), typeOf(is), way).fails !== undefined;
}

/** A cast truncates where an assignment fails; trailing spaces are truncated by both. Undefined if no query can find out. */
function conditionFor(value: string, is: ColumnFacts, way: Way): string | undefined {
  const to = typeOf(is);
  // The type of this name in the live database may be another one, such as the one that a migration replaces.
  if (to.labels && !to.isArray) return `${value}::text <> ALL (ARRAY[${to.labels.map(quoteLiteral).join(', ')}])`;
  if (way === 'cast' || (to.limits.length === 0 && !to.isArray) || !cutsOff(to))
    return `${value} IS NOT NULL AND (${value}::${is.type})::text IS NULL`;
  return isText(to) ? `length(rtrim(${value}::text, ' ')) > ${longest(to)}` : undefined;
}

function cutsOff({ base }: ValueType): boolean {
  return /^(?:character|bit)\b/.test(base);
}
