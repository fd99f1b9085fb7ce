import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { ReachedDatabase } from '../data-source/keep-away.js';
import { missingLine } from './missing-line.js';
import { noBeginning } from './no-beginning.js';
import { anotherShadow, shadowFlag } from './another-shadow.js';
import { unsetVariables } from '../files/unset-variables.js';
import { classify } from '../sql/index.js';
import type { LoadedMigration } from '../files/migration.js';
import type { ConnectedShadow } from './connected.js';

/** With what the entities say now, no change of them since would ever be found. */
export class CallsSynchronize extends Error {
  constructor() {
    super(
      'It calls synchronize(), which creates what the entities say today, and not what it created where it was applied',
    );
  }
}

/** Why a migration could not be replayed, and what to do about it. */
export function notReplayed(
  error: unknown,
  { name: migration, file }: Pick<LoadedMigration, 'name' | 'file'>,
  sql: string | undefined,
  { missing, replayed, hint }: Pick<ConnectedShadow, 'missing' | 'replayed'> & { readonly hint: string | undefined },
): MigrateError {
  if (isMigrateError(error)) return error.with({ migration });
  const statement = sql === undefined ? '' : `\n  ${sql.trim().split('\n').slice(0, 3).join('\n  ')}`;
  const code = codeOf(error);
  const also = missing.map((reason) => `\nTypeORM could not install an extension there: ${reason}.`).join('');
  return new MigrateError({
    code: 'REPLAY_FAILED',
    message: `Migration ${migration} could not be replayed on the empty shadow database: ${messageOf(error).replace(/\.$/, '')}${code === undefined ? '' : ` (${code})`}.${statement}${also}\nNothing was written.`,
    next: hint ?? nextAfter(error, missing, sql ?? '', file?.endsWith('.sql') ? 'sql' : 'class', replayed),
    migration,
    ...(sql !== undefined && { sql }),
    cause: error,
  });
}

function nextAfter(
  error: unknown,
  missing: readonly string[],
  sql: string,
  written: 'class' | 'sql',
  replayed: readonly string[] | undefined,
): string {
  if (error instanceof ReachedDatabase) return ofOwnConnection;
  if (error instanceof CallsSynchronize) return ofEntitiesOfToday;
  const line = missingLine(error);
  const other = anotherShadow(error);
  if (other !== undefined) return other;
  if (line !== undefined && missing.length > 0)
    return `It needs that extension. Use a server that has it as the shadow: ${shadowFlag}`;
  const beginning = replayed && noBeginning(error, replayed);
  const remedies = [
    ...(written === 'class' && isAheadOfTables(error, sql) ? [ofEntities] : []),
    ...(beginning === undefined ? [] : [beginning]),
    ...(line === undefined
      ? []
      : [
          `${beginning === undefined ? 'If your databases have it before the first migration' : 'If only this is missing, such as an object of another program'}, add it to the settings of nest-migrate: initialState: ${JSON.stringify(line)}`,
        ]),
  ];
  return remedies.length === 0 ? ofReason(error) : remedies.join('\n');
}

/** Without a code of the server, the migration itself has thrown the error. */
function ofReason(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) {
    const set = unsetVariables(error);
    return set === undefined ? ofOwnCheck : `${set}.`;
  }
  return ofCode.get(code) ?? (code.startsWith('42') && !ofMissing.has(code) ? 'Correct the statement.' : ofRows);
}

const ofEntities =
  'If it uses an entity or a repository: these need the tables as they are after the last migration. Write this query in plain SQL, for the tables as they are at this point.';
const ofOwnConnection =
  'Let it use the query runner that it is given (queryRunner.manager, queryRunner.connection), which belongs to the database on which it is executed.';
const ofEntitiesOfToday =
  'Replace it by a migration that contains the statements: nest-migrate help missing-beginning\nUntil then, `generate --from <address>` compares the entities with a database instead.';
const ofRows =
  'Migrations must run on an empty database, such as that of a new colleague or of CI. If this one needs rows, make it succeed without them.';
const ofOwnCheck =
  'Migrations must run on an empty database, such as that of a new colleague or of CI. If this one needs what another program creates, name that in the setting initialState: nest-migrate help initial-state\nIf it needs rows, make it succeed without them.';
const twice =
  'An earlier migration creates it, or the initial state: the setting initialState, and the extensions that TypeORM installs when it connects.';
/** For errors that have the same reason on every database. */
const ofCode: ReadonlyMap<string, string> = new Map([
  ['42601', 'Correct the statement.'],
  ['42703', 'Correct the name of the column, or create it before.'],
  ['42701', twice],
  ['42710', twice],
  ['42P07', twice],
]);

/** A table, type, function or privilege that this database lacks is no mistake of the statement. */
const ofMissing = new Set(['42P01', '42704', '42883', '42501']);

/** Whether a statement that only touches rows names a table or a column that does not exist (yet). */
function isAheadOfTables(error: unknown, sql: string): boolean {
  const [statement] = classify(sql);
  return ['42P01', '42703'].includes(codeOf(error) ?? '') && statement !== undefined && !statement.locksTables;
}
