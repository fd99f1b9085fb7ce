import { sqlName, tableSql } from '../schema/object-id.js';
import { quoteLiteral } from '../sql/index.js';
import { handOverSql } from './privileges.js';
import type { Heir } from './privileges.js';
import { step } from './step.js';
import type { Step } from './step.js';

type Names = Pick<Heir, 'from' | 'to'>;

/**
 * The old version of the app finds a renamed table under its old name, as a view that can be written to. It has the privileges of the
 * table, and from PostgreSQL 15 on it checks those of its caller, so that the policies of the table apply.
 * https://www.postgresql.org/docs/current/sql-createview.html
 */
export function compatibilityView(rename: Names, columns: readonly Names[]): readonly Step[] {
  const [view, table] = [tableSql(rename.from), tableSql(rename.to)];
  const select = (list: string): string => `CREATE VIEW ${view} AS SELECT ${list} FROM ${table}`;
  // Until it is dropped, columns may be renamed and added.
  const named = columns.map(({ from, to }) =>
    from.name === to.name ? sqlName(to) : `${sqlName(to)} AS ${sqlName(from)}`,
  );
  const privileges = privilegesSql(rename);
  return [
    step(select('*'), {
      comment: 'The old version of the app reads and writes the table through this view.',
      undo: [`DROP VIEW ${view}`],
      effect: 'does not block',
    }),
    step(privileges, {
      comment:
        'Gives the view the owner and the privileges of the table, and applies the policies of the table to each caller.',
      effect: 'does not block',
    }),
    step(`DROP VIEW ${view}`, {
      comment: 'The old version of the app is gone.',
      phase: 'contract',
      // The migration that drops it may drop columns of the table too.
      undoLast: { brings: { ...rename.from, kind: 'view' }, sql: [select(named.join(', ')), privileges] },
    }),
  ];
}

function privilegesSql({ from, to }: Names): string {
  const [view, table] = [tableSql(from), tableSql(to)];
  const oid = `${quoteLiteral(table)}::regclass`;
  const name = to.name ?? '';
  return handOverSql(
    { from: to, to: { ...from, kind: 'view' }, comments: 'of migrations' },
    {
      constants: [
        `recent CONSTANT boolean := current_setting('server_version_num')::int >= 150000;`,
        '-- With SELECT on some columns only, a role cannot read a view that checks its own privileges: that reads all columns.',
        `by_column CONSTANT boolean := EXISTS (`,
        `  SELECT FROM pg_attribute, aclexplode(attacl) WHERE attrelid = ${oid} AND privilege_type = 'SELECT');`,
      ],
      afterwards: [
        'IF recent AND NOT by_column THEN',
        `  ALTER VIEW ${view} SET (security_invoker = true);`,
        `ELSIF (SELECT relrowsecurity FROM pg_class WHERE oid = ${oid}) THEN`,
        `  RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = CASE WHEN by_column`,
        `    THEN ${quoteLiteral(`Some roles have SELECT on some columns of table ${name} only. Through the old name, row-level security would hide all rows from them.`)}`,
        `    ELSE ${quoteLiteral(`Before PostgreSQL 15, a view under the old name would bypass the row-level security of table ${name}.`)} END,`,
        `    HINT = 'Generate this migration again with --rename-directly, and run it while the old version of the app is stopped.';`,
        'END IF;',
      ],
    },
  );
}
