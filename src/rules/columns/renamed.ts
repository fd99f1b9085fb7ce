import type { ColumnFacts, TableFacts } from '../../observe/catalog.js';
import { ident, sqlName } from '../look.js';
import { ownMigrations, setNotNull, shortName } from '../recipes.js';
import { fillInBatches } from './recipes.js';

/** Keeps both columns until the old version of the app is gone. Undefined if the column needs more than this SQL. */
export function bothNames(
  table: TableFacts,
  column: ColumnFacts,
  to: string,
  targetVersion: number,
): string | undefined {
  if (!canBeDoubled(table, column)) return undefined;
  const alter = `ALTER TABLE ${sqlName(table)}`;
  const [before, after] = [ident(column.name), ident(to)];
  const bridge = shortName(table.name, to, 'rename');
  const schema = table.schema === 'public' ? '' : `${ident(table.schema)}.`;
  return [
    ownMigrations,
    `${alter} ADD COLUMN ${after} ${column.type};`,
    '-- The old and the new version of the app each write one of the two columns: a trigger keeps them equal.',
    `CREATE FUNCTION ${schema}${bridge}() RETURNS trigger LANGUAGE plpgsql AS $row$\nBEGIN\n${sameInBoth(before, after)}\n  RETURN NEW;\nEND $row$;`,
    `CREATE TRIGGER ${bridge} BEFORE INSERT OR UPDATE ON ${sqlName(table)} FOR EACH ROW EXECUTE FUNCTION ${schema}${bridge}();`,
    fillInBatches(table, after, before, { where: `${before} IS NOT NULL`, rounds: 'one' }),
    ...(isIndexed(table, column)
      ? [
          `-- Create the indexes and constraints of ${before} for ${after} too: CONCURRENTLY, or NOT VALID with VALIDATE CONSTRAINT.`,
        ]
      : []),
    ...(column.notNull ? setNotNull(table, to, targetVersion) : []),
    '-- When the old version of the app is gone, in a migration of its own:\n-- phase: contract',
    ...(column.default === null ? [] : [`${alter} ALTER COLUMN ${after} SET DEFAULT ${column.default};`]),
    `DROP TRIGGER ${bridge} ON ${sqlName(table)};\nDROP FUNCTION ${schema}${bridge}();`,
    `${alter} DROP COLUMN ${before};`,
  ].join('\n');
}

/** Compares stored values, since not every type has an `=`. Only the old column has the default, so that an omitted value shows. */
function sameInBoth(before: string, after: string): string {
  return [
    `  IF TG_OP = 'INSERT' AND NEW.${after} IS NULL THEN NEW.${after} := NEW.${before};`,
    `  ELSIF TG_OP = 'INSERT' OR ROW(NEW.${after})::record *<> ROW(OLD.${after})::record THEN NEW.${before} := NEW.${after};`,
    `  ELSE NEW.${after} := NEW.${before};\n  END IF;`,
  ].join('\n');
}

function canBeDoubled({ kind, constraints, referredBy }: TableFacts, column: ColumnFacts): boolean {
  const isKey = constraints.some(({ type, columns }) => type === 'primary key' && columns.includes(column.name));
  const isReferredTo = referredBy.some(({ columns }) => columns.includes(column.name));
  const isGiven = column.identity || column.generated || column.default?.startsWith('nextval(') === true;
  return kind === 'table' && !isKey && !isReferredTo && !isGiven;
}

function isIndexed({ indexes, constraints }: TableFacts, { name }: ColumnFacts): boolean {
  const isProper = ({ type, columns }: TableFacts['constraints'][number]): boolean =>
    type !== 'not null' && columns.includes(name);
  return constraints.some(isProper) || indexes.some(({ definition }) => definition.includes(name));
}
