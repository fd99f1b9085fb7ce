import type { Around, Surrounded } from '../data-source/embedded.js';
import { messageOf } from '../errors.js';
import { classify, quoteName } from '../sql/index.js';
import type { SqlClass } from '../sql/index.js';

const savepoint = 'nest_migrate_role';

/**
 * Roles belong to a server, so migrations name roles that others have made: in GRANT, OWNER TO, policies, SET ROLE. A server in this
 * process has none but its own, so a role that is missing is made, and the statement is executed again. What it may do on the real server
 * is not known here, so it may do everything.
 */
export const withMissingRoles: Around = async <T>(
  sql: string,
  connection: Surrounded,
  execute: () => Promise<T>,
): Promise<T> => {
  // A failed statement aborts the transaction, unless a savepoint precedes it.
  const isInside = connection.isInTransaction();
  if (isInside && !canBeRepeated(sql)) return execute();
  if (isInside) await connection.execute(`SAVEPOINT ${savepoint}`);
  const made = new Set<string>();
  for (;;) {
    try {
      const result = await execute();
      if (isInside) await connection.execute(`RELEASE SAVEPOINT ${savepoint}`);
      return result;
    } catch (error) {
      const role = missingRole(error);
      if (role === undefined || made.has(role)) throw error;
      made.add(role);
      const create = `CREATE ROLE ${quoteName(role)} SUPERUSER`;
      // The next attempt must not roll this back.
      const inside = [
        `ROLLBACK TO SAVEPOINT ${savepoint}`,
        `RELEASE SAVEPOINT ${savepoint}`,
        create,
        `SAVEPOINT ${savepoint}`,
      ];
      for (const step of isInside ? inside : [create]) await connection.execute(step);
    }
  }
};

/** What ends the transaction, or sets savepoints of its own, has none to go back to. */
function canBeRepeated(sql: string): boolean {
  const statements = classify(sql);
  const staysInside = statements.every(({ closes, savepoint: its }) => !closes && its === undefined);
  return staysInside && statements.some(mayNameRole);
}

const words = ['GRANT', 'REVOKE', 'OWNER', 'OWNED', 'POLICY', 'ROLE', 'USER', 'GROUP', 'AUTHORIZATION', 'PRIVILEGES'];

/** What a query that only reads calls with the name of a role. The queries that read the catalog mention owners, too, and there are thousands. */
const wordsOfReads = [
  'REGROLE',
  'PG_HAS_ROLE',
  ...['ANY_COLUMN', 'COLUMN', 'DATABASE', 'FOREIGN_DATA_WRAPPER', 'FUNCTION', 'LANGUAGE', 'PARAMETER', 'SCHEMA'].map(
    (object) => `HAS_${object}_PRIVILEGE`,
  ),
  ...['SEQUENCE', 'SERVER', 'TABLE', 'TABLESPACE', 'TYPE'].map((object) => `HAS_${object}_PRIVILEGE`),
];

/** The statement itself, or the code of a block. */
function mayNameRole({ mentions, onlyReads }: SqlClass): boolean {
  return (onlyReads ? wordsOfReads : words).some((word) => mentions(word));
}

/** The role that a statement needs. */
export function missingRole(error: unknown): string | undefined {
  return /^(?:error: )?role "(.+)" does not exist$/.exec(messageOf(error))?.[1];
}
