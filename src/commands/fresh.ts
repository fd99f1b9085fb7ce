import { sessionsOn } from '../database/blockers.js';
import { withClient } from '../database/client.js';
import { dropContents, otherLedgers, readContents } from '../database/contents.js';
import type { DroppableObject } from '../database/contents.js';
import { isLockFailure, sqlState } from '../database/failure.js';
import { holdLock } from '../database/lock.js';
import { untilConnected } from '../database/retry.js';
import type { SqlClient } from '../database/sql-client.js';
import { messageOf, MigrateError } from '../errors.js';
import { describeBlocker } from '../events.js';
import { loadAll } from '../files/load-all.js';
import { ledgersOfOtherTools, ofOtherPrograms } from '../ignorable.js';
import type { Fact } from '../schema/engine.js';
import { refuseStaleBuild } from './built.js';
import { list, survey } from './context.js';
import type { CommandContext } from './context.js';
import { createDatabase } from './database.js';
import { keepingDraft } from './dev/keep-draft.js';
import { confirmDrop } from './guard.js';
import type { Permission } from './guard.js';
import { ignoring } from './ignore.js';
import { makeInitialState } from './initial-state.js';
import { run } from './run.js';
import { loadSeeds, seed } from './seed.js';
import type { Finished, RunResult } from './types.js';

/** Options of `fresh`. */
export interface FreshOptions extends Permission {
  /** @default false */
  readonly seed?: boolean | undefined;
}

/** The result of `fresh`. */
export interface FreshResult extends Pick<RunResult, 'applied'> {
  /** The seeds that ran; absent without `--seed`. */
  readonly seeded?: readonly Finished[];
  /** The dropped objects, each with its kind: `table public.users`. */
  readonly dropped: readonly string[];
  /** The objects that were kept: owned by another role, ignored by the setting `ignore`, part of a known program, or required by these. */
  readonly kept: readonly KeptObject[];
}

/** An object that `fresh` has kept, and why. */
export interface KeptObject {
  readonly object: string;
  readonly reason: 'owner' | 'ignored' | 'needed';
}

/**
 * Drops everything that its migrations could have created, in whatever state the database is, and runs all migrations. It
 * drops objects rather than the database: this needs no CREATEDB privilege, and keeps the settings and privileges of the database.
 */
export async function fresh(options: FreshOptions, context: CommandContext): Promise<FreshResult> {
  await confirmDrop(
    'nest-migrate fresh',
    'all tables, types, functions and other objects in the database',
    options,
    context,
  );
  // Seeds are loaded before anything is dropped, so that a broken one fails early.
  if (options.seed) await loadSeeds([], await list(context), context);
  await createDatabase(context);
  const { applied, ...emptied } = await keepingDraft(context, async () => {
    const { dropped, kept } = await empty(context);
    await makeInitialState(context, 'after emptying');
    const { applied: all } = await run({ phase: 'all' }, context);
    return { dropped, kept, applied: all };
  });
  if (!options.seed) return { ...emptied, applied };
  const { ran } = await seed({}, context);
  return { ...emptied, applied, seeded: ran };
}

async function empty(context: CommandContext): Promise<Pick<FreshResult, 'dropped' | 'kept'>> {
  const found = await list(context);
  const locked = await untilConnected(context, () =>
    holdLock(
      context,
      () => Promise.resolve(true),
      // Uses another connection, because the one that holds the lock would keep every object that it reads locked.
      () =>
        withClient(context, async (client) => {
          const now = await survey(client, found, context);
          refuseStaleBuild(found, now);
          refuseWithoutMigrations(now.known.length);
          await loadAll(now.known);
          const contents = await readContents(client);
          const services = new Set(now.foreign.map(({ service }) => service));
          await refuseShared(
            client,
            [...services],
            contents.filter(({ kind }) => kind === 'table'),
            context,
          );
          return drop(client, contents, context);
        }),
    ),
  );
  return locked.held ? locked.value : { dropped: [], kept: [] };
}

async function drop(
  client: SqlClient,
  all: readonly DroppableObject[],
  context: CommandContext,
): Promise<Pick<FreshResult, 'dropped' | 'kept'>> {
  const ignored = ignoring([...context.settings.ignore, ...ofOtherPrograms], []);
  const leftAlone = new Set(all.filter((object) => ignored.names(factOf(object))));
  const schemas = new Set([...leftAlone].filter(({ kind }) => kind === 'schema').map(({ name }) => name));
  const visible = all.filter(({ schema }) => schema === null || !schemas.has(schema));
  const droppable = visible.filter((object) => object.owned && !leftAlone.has(object));
  const needed = new Set(await dropOrSayWhy(client, droppable, context));
  const reasonOf = (object: DroppableObject): KeptObject['reason'] =>
    leftAlone.has(object) ? 'ignored' : object.owned ? 'needed' : 'owner';
  const stays = (object: DroppableObject): boolean => !droppable.includes(object) || needed.has(object);
  return {
    dropped: droppable.filter((object) => !needed.has(object)).map(nameOf),
    kept: visible.filter(stays).map((object) => ({ object: nameOf(object), reason: reasonOf(object) })),
  };
}

function nameOf({ kind, identity }: DroppableObject): string {
  return `${kind} ${identity}`;
}

const kindsOfFacts: Readonly<Record<string, string>> = {
  'materialized view': 'materializedView',
  'foreign table': 'foreignTable',
  'event trigger': 'eventTrigger',
  'foreign-data wrapper': 'fdw',
};

/** The properties that patterns of `ignore` are compared with. */
function factOf({ kind, schema, name }: DroppableObject): Fact {
  return { id: { kind: kindsOfFacts[kind] ?? kind, name, ...(schema !== null && { schema }) }, payload: {} };
}

async function dropOrSayWhy(
  client: SqlClient,
  objects: readonly DroppableObject[],
  { settings: { lockTimeoutMs } }: CommandContext,
): Promise<readonly DroppableObject[]> {
  try {
    return await dropContents(client, objects, lockTimeoutMs);
  } catch (error) {
    if (isLockFailure(error)) throw await inUse(client, lockTimeoutMs, error);
    if (sqlState(error) === undefined) throw error;
    const tooMany = sqlState(error) === '53200';
    throw new MigrateError({
      code: 'PERMISSION_DENIED',
      message: `The objects in the database could not be dropped: ${messageOf(error)}. Nothing was dropped.`,
      next: `${tooMany ? 'There are more objects than the server can lock in one transaction (max_locks_per_transaction)' : 'Correct that'}, or start over with an empty database: nest-migrate database drop && nest-migrate database create && nest-migrate run`,
      cause: error,
    });
  }
}

async function inUse(client: SqlClient, lockTimeoutMs: number, cause: unknown): Promise<MigrateError> {
  const { rows } = await client.query('SELECT current_database() AS name');
  const sessions = await sessionsOn(client, String(rows[0]?.['name']));
  const message = `Objects in the database were locked by other sessions for more than ${lockTimeoutMs} ms. Nothing was dropped.`;
  return new MigrateError({
    code: 'DATABASE_IN_USE',
    message: [
      message,
      ...sessions.filter(({ application }) => application !== 'nest-migrate').map((one) => describeBlocker(one)),
    ].join('\n'),
    next: 'Stop the apps that are connected, then run the command again.',
    cause,
  });
}

function refuseWithoutMigrations(count: number): void {
  if (count > 0) return;
  throw new MigrateError({
    code: 'MIGRATIONS_NOT_FOUND',
    message: 'There are no migrations, so the database would stay empty. Nothing was dropped.',
    next: 'Write the first one: nest-migrate generate. Or drop the whole database: nest-migrate database drop',
  });
}

/** Refused because objects of other services cannot be distinguished from objects of these migrations, which would not recreate them. */
async function refuseShared(
  client: SqlClient,
  services: readonly string[],
  tables: readonly DroppableObject[],
  context: CommandContext,
): Promise<void> {
  const [isIgnored, isLedger] = [ignoring(context.settings.ignore, []), ignoring(ledgersOfOtherTools, [])];
  const alike = await otherLedgers(client, context.tables);
  const ledgers = tables.filter(
    (table) => (alike.has(table.identity) || isLedger.names(factOf(table))) && !isIgnored.names(factOf(table)),
  );
  const found = [
    ...services.map((name) => `the service ${name} has applied migrations here`),
    ...(ledgers.length > 0
      ? [`it has ledgers of other services: ${ledgers.map(({ identity }) => identity).join(', ')}`]
      : []),
  ];
  if (found.length === 0) return;
  throw new MigrateError({
    code: 'DATABASE_IN_USE',
    message: `Other services use this database, and what they have created would be lost: ${found.join('; ')}. Nothing was dropped.`,
    next: `If a ledger is a leftover, drop the table, or name it in the setting ignore. To lose everything: nest-migrate database drop && nest-migrate database create && nest-migrate run`,
  });
}
