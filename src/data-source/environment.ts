import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'dotenv';

/** The part of TypeORM's Postgres options that says where the database is. */
export interface Connection {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly database?: string;
  readonly ssl?: boolean | { readonly rejectUnauthorized: boolean };
}

/** Puts what `.env` says into the environment, as @nestjs/config does: what is set already wins. */
export function loadEnvFile(file: string): void {
  const path = resolve(file);
  if (!existsSync(path)) return;
  for (const [name, value] of Object.entries(parse(readFileSync(path)))) process.env[name] ??= value;
}

/** Where the environment says the database is; undefined when it says nothing. */
export function connectionFromEnvironment(env: NodeJS.ProcessEnv = process.env): Connection | undefined {
  const url = env['NEST_MIGRATE_DATABASE_URL'] || env['DATABASE_URL'];
  const ssl = sslOf(env['PGSSLMODE']);
  if (url) return { url, ...(ssl !== undefined && !/[?&]sslmode=/.test(url) && { ssl }) };
  if (!env['PGHOST'] && !env['PGDATABASE']) return undefined;
  return {
    host: env['PGHOST'] || 'localhost',
    port: Number(env['PGPORT'] || 5432),
    ...(env['PGUSER'] && { username: env['PGUSER'] }),
    ...(env['PGPASSWORD'] && { password: env['PGPASSWORD'] }),
    ...(env['PGDATABASE'] && { database: env['PGDATABASE'] }),
    ...(ssl !== undefined && { ssl }),
  };
}

/** As libpq means it: `require` encrypts without asking who answers, `verify-*` asks. */
function sslOf(mode: string | undefined): Connection['ssl'] {
  if (!mode || mode === 'allow' || mode === 'prefer') return undefined;
  if (mode === 'disable') return false;
  return { rejectUnauthorized: mode.startsWith('verify') };
}
