import type { QueryRunner } from 'typeorm';
import { tokensOf } from '../content/tokens.js';
import { onlyQueries } from './only-queries.js';
import { asUsersCode } from './users-code.js';

/** A statement of a down, as it can be executed without its file. */
export interface KeptStatement {
  readonly sql: string;
  readonly parameters?: readonly unknown[];
}

/** How a migration is reverted without its file: as it was applied, in a transaction or without one. */
export interface KeptDown {
  readonly transaction: boolean;
  readonly statements: readonly KeptStatement[];
}

/** What is kept of one migration, statements and parameters together. */
export const mostKeptBytes = 256 * 1024;

type Down = (queryRunner: QueryRunner) => Promise<unknown>;

/**
 * The statements of a class's down, found by calling it with a recorder in the place of a query runner. That is done only where its text
 * shows that it does nothing else than send queries: it must not delete files or call other services while the migration is applied.
 * Undefined where it does more, or where what it does depends on an answer of the database.
 */
export async function recordedDown(down: Down): Promise<readonly KeptStatement[] | undefined> {
  const tokens = tokensOf(Function.prototype.toString.call(down));
  if (tokens === undefined || !onlyQueries(tokens)) return undefined;
  const recorder = new Recorder();
  try {
    await asUsersCode(() => Promise.resolve(down(recorder.queryRunner)));
  } catch {
    return undefined;
  }
  return recorder.statements;
}

/** The statements of a text, unless they are too long to be kept. */
export function keptStatements(all: Iterable<{ readonly sql: string }>): readonly KeptStatement[] | undefined {
  const kept: KeptStatement[] = [];
  let length = 0;
  for (const { sql } of all) {
    length += sql.length;
    if (length > mostKeptBytes) return undefined;
    kept.push({ sql });
  }
  return kept;
}

class Recorder {
  private readonly all: KeptStatement[] = [];
  private length = 0;
  /** It is noted, since the down may go on after an error. */
  private isRefused = false;

  get statements(): readonly KeptStatement[] | undefined {
    return this.isRefused ? undefined : this.all;
  }

  get queryRunner(): QueryRunner {
    return this.refusing({ query: (sql: unknown, parameters?: unknown) => this.query(sql, parameters) }) as QueryRunner;
  }

  private async query(sql: unknown, parameters: unknown): Promise<unknown> {
    if (typeof sql !== 'string' || !arePlain(parameters)) return this.refuse();
    this.length += sql.length;
    if (this.length > mostKeptBytes || this.isRefused) return this.refuse();
    this.all.push(parameters === undefined || parameters.length === 0 ? { sql } : { sql, parameters });
    return this.refusing({});
  }

  private refuse(): never {
    this.isRefused = true;
    throw new TypeError('This is a recorder: it has no database to ask.');
  }

  /** An object of which everything else fails; that a promise looks for `then` is no use of it. */
  private refusing(has: object): object {
    const refuse = (): never => this.refuse();
    return new Proxy(has, {
      get: (target, key) =>
        key === 'then' ? undefined : Object.hasOwn(target, key) ? Reflect.get(target, key) : refuse(),
      set: refuse,
      has: refuse,
      ownKeys: refuse,
      getPrototypeOf: refuse,
      getOwnPropertyDescriptor: refuse,
      defineProperty: refuse,
      deleteProperty: refuse,
    });
  }
}

/** Parameters that JSON keeps as they are. */
function arePlain(parameters: unknown): parameters is readonly unknown[] | undefined {
  if (parameters === undefined) return true;
  return (
    Array.isArray(parameters) &&
    parameters.every((one) => one === null || ['string', 'boolean'].includes(typeof one) || Number.isFinite(one))
  );
}
