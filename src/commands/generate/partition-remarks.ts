import { isPartitioned, leafPartitions } from '../../plan/partitions.js';
import type { ProvenFile } from '../../plan/prove.js';
import type { Change } from '../../schema/change.js';
import { indexParts } from '../../schema/definition.js';
import { describeObject, objectId, relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { ownDefinitionOf } from '../../schema/own-words.js';
import type { Schema } from '../../schema/read.js';
import { classify, leavesOf, quoteLiteral, quoteName } from '../../sql/index.js';

interface Sides {
  readonly from: Schema;
  readonly to: Schema;
}

/** Partitions that no migration creates exist only on the server, so their indexes cannot be built concurrently. */
export function remarksOnPartitions(changes: readonly Change[], { from, to }: Sides): readonly string[] {
  return changes.flatMap(({ kind, id }) => {
    if (kind !== 'create index' && kind !== 'add constraint') return [];
    const is = to.get(id);
    const table = kind === 'create index' ? is?.parent : relationOf(id);
    const type = is?.is['type'];
    if (table === undefined || !isPartitioned(table, { from }) || type === 'c') return [];
    const name = describeObject(table).replace(/^table /, '');
    const happens =
      type === 'f'
        ? `their rows are checked for ${describeObject(id)} while writes to ${name} wait`
        : type === undefined
          ? `the ${describeObject(id)} is built on them while writes to ${name} wait`
          : `the index of ${describeObject(id)} is built on them while reads and writes of ${name} wait`;
    const byHand =
      kind === 'create index'
        ? `To build it there first, in psql:\n${buildInPsql(table, id, { from, to })}`
        : sameThere;
    return [`${name} is partitioned. If the server has partitions that no migration creates, ${happens}. ${byHand}`];
  });
}

const sameThere = 'To avoid this, first do on each of them what the migration does on the partitions that it names.';

function buildInPsql(table: ObjectId, index: ObjectId, { from, to }: Sides): string {
  const { unique, method, keys } = indexParts(ownDefinitionOf(to, index));
  const create = `CREATE ${unique}INDEX CONCURRENTLY ON %s USING ${method} ${keys.replaceAll('%', '%%')}`;
  const sqlOf = ({ schema = 'public', name = '' }: ObjectId): string =>
    quoteLiteral(`${quoteName(schema)}.${quoteName(name)}`);
  const known = leafPartitions(table, { from }).map(sqlOf);
  const others = known.length === 0 ? '' : ` AND relid <> ALL (ARRAY[${known.join(', ')}]::regclass[])`;
  return `  ${leavesOf(sqlOf(table), `format(${quoteLiteral(create)}, relid::regclass)`)}${others} \\gexec`;
}

/** Steps that could not be planned online. This is better learned now than in production. */
export function remarksOnRewrites(files: readonly ProvenFile[], from: Schema): readonly string[] {
  return files
    .flatMap(({ steps }) => steps)
    .filter(({ effect }) => effect === 'all wait while it rewrites')
    .map(({ sql, because }) => {
      const [name = '', schema = 'public'] = (classify(sql)[0]?.name ?? []).toReversed();
      const why = isPartitioned(objectId('table', schema, name), { from })
        ? `${name} is partitioned, so the type of its columns cannot be changed online: add a column of the new type under another name, fill it (--backfill) and drop the old one later, or run it at a quiet time.`
        : (because ?? together);
      return `Reads and writes block while the table is rewritten: ${sql.replace(/\s+/g, ' ')}. ${why}`;
    });
}

const together =
  'Together with the other changes, this cannot be done online: generate them one at a time, or run it at a quiet time.';

/** Whether an object is a partition of a table in the entities, which do not describe partitions. */
export function isPartOf(id: ObjectId, described: Schema, present: Schema): boolean {
  const { partitionBound, parentTable } = present.get(id)?.is ?? {};
  const whole = parentTable as { readonly schema?: string; readonly name?: string } | null | undefined;
  if ((partitionBound ?? undefined) === undefined || whole?.name === undefined) return false;
  const parent = objectId('table', whole.schema, whole.name);
  return described.has(parent) || isPartOf(parent, described, present);
}
