import type { InjectionToken } from '@nestjs/common';
import { MigrateError } from '../errors.js';
import { nameOf } from './dependencies.js';

/**
 * Replaces a provider in a replay or a dry run, where a migration must not send mail or call another service. It fails when the migration
 * uses it. Most migrations do not use it on an empty database, because there are no rows to send anything about.
 */
export function standIn(token: InjectionToken, migration: string, uses: MigrateError[]): unknown {
  const refuse = (use: string): never => {
    const error = used(token, migration, use);
    uses.push(error);
    throw error;
  };
  return new Proxy(() => undefined, {
    // JavaScript itself reads symbols and `then`, for example when a value is awaited or printed.
    get: (_target, key) => (typeof key === 'symbol' || key === 'then' ? undefined : refuse(`.${key}`)),
    set: (_target, key) => refuse(`.${String(key)}`),
    has: (_target, key) => refuse(`.${String(key)}`),
    apply: () => refuse('()'),
    construct: () => refuse('()'),
  });
}

/** A migration that catches the error of a stand-in takes a different path than in production, so it has failed all the same. */
export function refusingUses<T extends object>(migration: T, uses: readonly MigrateError[]): T {
  const methods = migration as Record<'up' | 'down', unknown>;
  for (const direction of ['up', 'down'] as const) {
    const method = methods[direction];
    if (typeof method !== 'function') continue;
    methods[direction] = async (...given: readonly unknown[]): Promise<unknown> => {
      const [outcome] = await Promise.allSettled([
        Promise.resolve().then(() => method.apply(migration, given) as unknown),
      ]);
      // The use of a stand-in is an error even if the method succeeded.
      if (uses[0] !== undefined) throw uses[0];
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    };
  }
  return migration;
}

function used(token: InjectionToken, migration: string, use: string): MigrateError {
  const name = nameOf(token);
  return new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `Migration ${migration} uses ${name}${use}. Replays and dry runs work with the database alone, so it was not called.`,
    next: `If it may be called there, name it: MigrationsModule.forRoot({ replayProviders: [${typeof token === 'function' ? name : JSON.stringify(name)}], … }). Otherwise, make the migration work without it when there are no rows.`,
    migration,
  });
}

/** Whether a provider only reads the configuration of the app, like those of @nestjs/config. */
export function isConfiguration(token: InjectionToken): boolean {
  if (typeof token === 'function') return token.name === 'ConfigService' && 'getOrThrow' in token.prototype;
  return typeof token === 'string' && /^CONFIGURATION\(.+\)$/.test(token);
}
