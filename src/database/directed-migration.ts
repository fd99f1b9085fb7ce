import { basename } from 'node:path';
import { MigrateError } from '../errors.js';
import type { Direction } from '../events.js';
import type { Instantiate, LoadedMigration, Runnable } from '../files/migration.js';
import { withoutPasswords } from '../passwords.js';
import { interceptQueries } from '../typeorm/query-runner.js';
import type { DownsUse } from './downs-table.js';
import { ledgerChange } from './ledger.js';
import { addedTo } from './log.js';
import type { Attempt } from './log.js';
import type { LogUse } from './log-columns.js';
import type { Session, SessionContext } from './session.js';
import type { Tables } from './tables.js';
import { Turns } from './turns.js';
import type { NotAwaited } from './turns.js';

/** What the migrations of one command need to be executed. */
export interface ApplyContext extends SessionContext {
  readonly tables: Tables;
  readonly instantiate: Instantiate;
  readonly batch: number;
  readonly log: LogUse;
  readonly downs: DownsUse;
}

/** A migration and its direction. */
export interface DirectedMigration {
  readonly migration: LoadedMigration;
  readonly direction: Direction;
}

export async function executeMigration(
  runnable: Runnable,
  step: DirectedMigration,
  session: Session,
  { tables, onEvent }: Pick<ApplyContext, 'tables' | 'onEvent'>,
): Promise<void> {
  const { queryRunner, progress } = session;
  const execute = runnable[step.direction];
  if (execute === undefined) throw notReversible(step);
  // Migrations that share a session would otherwise add a layer each.
  const restore = step.direction === 'up' ? takeBackOwnRecord(step, session, tables) : undefined;
  const turns = new Turns(queryRunner);
  try {
    const left = await turns.during(() => execute(queryRunner));
    if (left) onEvent({ type: 'warning', code: 'QUERY_NOT_AWAITED', message: notAwaited(step, left) });
  } catch (error) {
    const { failed } = turns;
    if (failed && failed.error === error) Object.assign(progress, { sql: failed.sql, statement: failed.statement });
    throw error;
  } finally {
    restore?.();
  }
}

/** A migration that records itself would be recorded twice, as TypeORM does, and would seem to be applied before it is finished. */
function takeBackOwnRecord(step: DirectedMigration, { queryRunner, client }: Session, tables: Tables): () => void {
  const { name } = step.migration;
  return interceptQueries(queryRunner, async (sql, given, execute) => {
    const result = await execute(sql, ...given);
    const [parameters] = given;
    if (sql.includes(name) || (Array.isArray(parameters) && parameters.includes(name)))
      await client.query(ledgerChange(tables, step.migration, 'down'));
    return result;
  });
}

export function attemptOf(step: DirectedMigration, context: ApplyContext, kind: 'transactional' | 'plain'): Attempt {
  const { name: migration, checksum } = step.migration;
  return {
    migration,
    direction: step.direction,
    batch: context.batch,
    transactional: kind === 'transactional',
    checksum,
    ...addedTo(migration, context.log),
  };
}

function notAwaited({ migration: { name, file }, direction }: DirectedMigration, left: NotAwaited): string {
  const queries = left.count === 1 ? 'a query' : `${left.count} queries`;
  const where = file === undefined ? '' : ` (${basename(file)})`;
  return `${name}${where} did not await ${queries} of its ${direction}; the first was: ${oneLine(left.first)}. Nothing was lost: ${left.count === 1 ? 'it' : 'they'} had finished before the migration was committed. Write await before each query, and for … of instead of forEach.`;
}

function oneLine(sql: string): string {
  const text = withoutPasswords(sql).trim().replace(/\s+/g, ' ');
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

function notReversible(step: DirectedMigration): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${step.migration.name} cannot be reverted: it has no down${step.migration.file?.endsWith('.sql') ? ' section' : '()'}. It is still applied.`,
    next: 'Write its down part; or, if you have undone it by hand: nest-migrate revert --fake --count 1',
    migration: step.migration.name,
  });
}
