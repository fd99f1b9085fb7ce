import { placeOf } from '../data-source/address.js';
import { embeddedDirOf } from '../data-source/embedded-brand.js';
import { showPlace } from '../database/connection-config.js';
import { targetOf } from '../database/maintenance.js';
import type { Target } from '../database/maintenance.js';
import type { ConnectContext } from '../database/sql-client.js';
import { ExitCode, MigrateError } from '../errors.js';

/** The permission for a command that drops data. */
export interface Permission {
  /** The name of the database. Without it, the command refuses production and servers on other machines. */
  readonly yesDrop?: string | undefined;
  /** Asks a person at a terminal. */
  readonly ask?: { confirm(question: string): Promise<boolean>; text(question: string): Promise<string> } | undefined;
}

type Where = Pick<ConnectContext, 'dataSource' | 'settings' | 'signal'>;

/**
 * For development commands, which treat data as replaceable: refuses NODE_ENV=production and servers on other machines, unless the name of
 * the database is given.
 */
export function refuseElsewhere(command: string, { yesDrop }: Permission, where: Where): Target {
  const target = developmentTarget(where);
  if (yesDrop !== undefined) return named(yesDrop, target);
  if (isProduction()) throw notConfirmed('NODE_ENV is production', command, target, where);
  if (!target.isLocal)
    throw notConfirmed(`${placeOf(showPlace(where))} is not on this machine`, command, target, where);
  return target;
}

/** For commands whose purpose is to drop data: they ask even on this machine. `losing` names what will be lost. */
export async function confirmDrop(
  command: string,
  losing: string,
  permission: Permission,
  where: Where,
): Promise<Target> {
  const { yesDrop, ask } = permission;
  const target = developmentTarget(where);
  if (yesDrop !== undefined || isProduction() || (ask === undefined && !target.isLocal))
    return refuseElsewhere(command, permission, where);
  if (ask === undefined) throw notConfirmed('there is no terminal to ask on', command, target, where);
  const question = `${command} drops ${losing}: ${placeOf(showPlace(where))}.`;
  const isSure = target.isLocal
    ? await ask.confirm(`${question} Continue?`)
    : (await ask.text(`${question} The server is not on this machine. To continue, type the name of the database:`)) ===
      target.database;
  if (!isSure) throw notConfirmed('it was not confirmed', command, target, where);
  return target;
}

/** The embedded database is always on this machine, and its name in PostgreSQL is used. */
function developmentTarget(where: Where): Target {
  return embeddedDirOf(where.dataSource) === undefined
    ? targetOf(where)
    : { database: 'postgres', shown: 'postgres', isLocal: true };
}

function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}

function named(name: string, target: Target): Target {
  if (name === target.database) return target;
  throw new MigrateError({
    code: 'NOT_CONFIRMED',
    message: `--yes-drop names ${name}, but the database is ${target.shown}. Nothing was done.`,
    next: 'Correct the name, or DATABASE_URL.',
    exitCode: ExitCode.usage,
  });
}

function notConfirmed(reason: string, command: string, target: Target, where: Where): MigrateError {
  return new MigrateError({
    code: 'NOT_CONFIRMED',
    message: `${command} was refused: ${reason}. Nothing was done.`,
    next: `If the data in ${placeOf(showPlace(where))} can be lost: ${command} --yes-drop ${target.shown}`,
    exitCode: ExitCode.usage,
  });
}
