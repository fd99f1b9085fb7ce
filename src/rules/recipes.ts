import { ident, identList, sqlName } from './look.js';
import type { Problem } from './rule.js';
import { classify, fittingName, nameOnPartition } from '../sql/index.js';

/** SQL to paste that several rules suggest, with the real names. */

interface Named {
  readonly schema: string;
  readonly name: string;
}

export const outsideTransaction =
  '-- In a migration of its own, without a transaction (transaction = false, in SQL "-- transaction: false"):';
export const ownMigrations = '-- Each statement in a migration of its own:';

/** Introduces a recipe that `lint --fix` can write in full. */
export function writtenByFix({ name }: { readonly name: string }): string {
  return `-- nest-migrate lint ${name} --fix writes and proves the complete change.`;
}

/** The statement without its surrounding comments and its semicolon, for pasting. */
export function bare(sql: string): string {
  return classify(sql)[0]?.text ?? sql;
}

/** An interrupted attempt leaves an invalid index, which must be dropped first. */
export function buildConcurrently(index: Named, create: string): string {
  return [outsideTransaction, `DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)};`, `${create};`].join('\n');
}

/** The `CREATE INDEX` as written, but concurrently, and with the given name. */
export function asConcurrent(sql: string, name: string): string {
  const [{ unique, afterName } = { unique: false, afterName: '' }] = classify(sql);
  return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${ident(name)} ${afterName}`;
}

/** A constraint that is added NOT VALID and validated in a later migration. */
export function validateLater(table: Named, name: string, definition: string): string {
  return [
    ownMigrations,
    `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${ident(name)} ${definition} NOT VALID;`,
    `ALTER TABLE ${sqlName(table)} VALIDATE CONSTRAINT ${ident(name)};`,
  ].join('\n');
}

/** A name composed of others, for SQL. */
export function shortName(...parts: readonly string[]): string {
  return ident(fittingName(parts.join('_')));
}

/** NOT NULL without a scan that blocks reads and writes. */
export function setNotNull(table: Named, column: string, targetVersion: number): readonly string[] {
  const alter = `ALTER TABLE ${sqlName(table)}`;
  const not = ident(column);
  if (targetVersion >= 18) {
    const name = shortName(table.name, column, 'not_null');
    return [`${alter} ADD CONSTRAINT ${name} NOT NULL ${not} NOT VALID;`, `${alter} VALIDATE CONSTRAINT ${name};`];
  }
  const name = shortName(table.name, column, 'filled');
  return [
    `${alter} ADD CONSTRAINT ${name} CHECK (${not} IS NOT NULL) NOT VALID;`,
    `${alter} VALIDATE CONSTRAINT ${name};`,
    '-- Two statements: in a single one, the check would be dropped before it could help.',
    `${alter} ALTER COLUMN ${not} SET NOT NULL;\n${alter} DROP CONSTRAINT ${name};`,
  ];
}

export interface NewKey {
  readonly kind: 'UNIQUE' | 'PRIMARY KEY';
  readonly name: string;
  readonly columns: readonly string[];
  readonly include: readonly string[];
  /** `NULLS NOT DISTINCT` */
  readonly nulls: string;
  /** ` DEFERRABLE INITIALLY DEFERRED` */
  readonly deferrable: string;
}

/** A key whose index is built concurrently. */
export function keyUsingIndex(table: Named, { kind, name, columns, include, nulls, deferrable }: NewKey): string {
  const included = include.length === 0 ? '' : ` INCLUDE (${identList(include)})`;
  const create = `CREATE UNIQUE INDEX CONCURRENTLY ${ident(name)} ON ${sqlName(table)} (${identList(columns)})${included}${nulls}`;
  return [
    buildConcurrently({ schema: table.schema, name }, create),
    '-- Then, in another migration:',
    `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${ident(name)} ${kind} USING INDEX ${ident(name)}${deferrable};`,
  ].join('\n');
}

interface Partitioned extends Named {
  readonly partitions: readonly Named[];
}

/** With many partitions, the SQL for two of them serves as an example, which is advice rather than a fix to paste. */
type Advised = Pick<Problem, 'fix' | 'advice'>;

/** Builds the index concurrently on each partition; the partitioned table, which cannot do so itself, then attaches these. */
export function keyByPartition(table: Partitioned, key: NewKey, before: readonly string[] = []): Advised {
  const { kind, name, columns, include, nulls, deferrable } = key;
  const included = include.length === 0 ? '' : ` INCLUDE (${identList(include)})`;
  return byPartition(
    table,
    (partition) => keyUsingIndex(partition, { ...key, name: nameOnPartition(partition, name) }),
    `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${ident(name)} ${kind}${nulls} (${identList(columns)})${included}${deferrable};`,
    before,
  );
}

export function indexByPartition(table: Partitioned, name: string, sql: string): Advised {
  const [create] = classify(sql);
  if (create === undefined) return {};
  const kind = `CREATE ${create.unique ? 'UNIQUE ' : ''}INDEX`;
  return byPartition(
    table,
    (partition) => {
      const own = { schema: partition.schema, name: nameOnPartition(partition, name) };
      const concurrent = `${kind} CONCURRENTLY ${ident(own.name)} ON ${sqlName(partition)} ${create.afterTable}`;
      return buildConcurrently(own, concurrent);
    },
    `${kind} ${ident(name)} ON ${sqlName(table)} ${create.afterTable};`,
  );
}

const some = 2;

export function byPartition(
  { partitions }: Partitioned,
  onOne: (partition: Named) => string,
  whole: string,
  before: readonly string[] = [],
): Advised {
  if (partitions.length === 0) return {};
  const others = partitions.length - some;
  const text = [
    ...before,
    ...partitions.slice(0, some).map(onOne),
    ...(others > 0 ? [`-- … and likewise for the other ${others === 1 ? 'partition' : `${others} partitions`}.`] : []),
    '-- Finally, in a migration of its own; it attaches those of the partitions:',
    whole,
  ].join('\n');
  return others > 0 ? { advice: text } : { fix: text };
}
