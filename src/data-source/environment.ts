import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { messageOf } from '../errors.js';
import type { MigrateError } from '../errors.js';
import { encryptionFromEnvironment, invalid } from './tls.js';
import { connectionFromUrl, service } from './url.js';
import type { Connection } from './url.js';

const migrating = Symbol.for('nest-migrate.migrating');

/** From now on, data sources are used for migrations rather than for an app, and may have a separate address for that. */
export function useAddressForMigrations(): void {
  (globalThis as Record<symbol, unknown>)[migrating] = true;
}

/** Loads `.env` files into the environment, as @nestjs/config does: existing variables win, and earlier files override later ones. */
export function loadEnvFiles(files: string | readonly string[]): void {
  for (const file of [files].flat()) {
    const path = resolve(file);
    if (!existsSync(path)) continue;
    for (const [name, value] of Object.entries(parse(read(path)))) process.env[name] ??= value;
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(
      `${path} cannot be read: ${messageOf(error)}.`,
      'Make it a readable file, or name another one: envFile in defineDataSource.',
    );
  }
}

/** The connection that the environment defines; undefined if it defines none. */
export function connectionFromEnvironment(env: NodeJS.ProcessEnv = process.env): Connection | undefined {
  const names = migrating in globalThis ? ['NEST_MIGRATE_DATABASE_URL', 'DATABASE_URL'] : ['DATABASE_URL'];
  const name = names.find((one) => env[one] !== undefined);
  const url = name && env[name]?.trim();
  if (name && url) return connectionFromUrl(url, name, env);
  if (!env['PGHOST'] && !env['PGDATABASE']) {
    if (name !== undefined && !env['NEST_MIGRATE_EMBEDDED']) throw isEmpty(name);
    if (env['PGSERVICE']) throw service('PGSERVICE names');
    return undefined;
  }
  return {
    host: env['PGHOST'] || 'localhost',
    port: portOf(env['PGPORT'] || '5432'),
    ...(env['PGUSER'] && { username: env['PGUSER'] }),
    ...(env['PGPASSWORD'] && { password: env['PGPASSWORD'] }),
    ...(env['PGDATABASE'] && { database: env['PGDATABASE'] }),
    ...encryptionFromEnvironment(env),
  };
}

/** A secret that was not delivered must not lead to another database. */
function isEmpty(name: string): MigrateError {
  return invalid(
    `${name} is set, but empty. Nothing was done.`,
    `Set it to postgres://user:password@host:5432/database, or unset it: without it, an embedded PostgreSQL is used in development.`,
  );
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw invalid('PGPORT is not a port number.', 'Set it to a number such as 5432.');
}
