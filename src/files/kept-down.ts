import type { QueryRunner } from 'typeorm';
import { tokensOf } from '../content/tokens.js';
import { onlyQueries } from './only-queries.js';
import { asUsersCode } from './users-code.js';

/** A statement of a `down`, in a form that can be executed without its file. */
export interface KeptStatement {
  readonly sql: string;
  readonly parameters?: readonly unknown[];
}

/** How to revert a migration without its file: with or without a transaction, as it was applied. */
export interface KeptDown {
  readonly transaction: boolean;
  readonly statements: readonly KeptStatement[];
}

/** The most that is kept for one migration, statements and parameters together. */
export const mostKeptBytes = 256 * 1024;

type Down = (queryRunner: QueryRunner) => Promise<unknown>;

/**
 * The statements of a class's `down`, found by calling it with a recorder instead of a query runner. `down` is called only if its text
 * shows that it does nothing except send queries, because it must not delete files or call services while the migration is applied.
 * Undefined if it does more, or if its statements depend on query results.
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

/** The statements, unless they are too long to keep. */
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
  /** Kept as a flag, because the `down` may catch the error and continue. */
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
    throw new TypeError('This is a recorder without a database.');
  }

  /** An object of which every other member fails. A promise looks up `then`, which does not count as a use. */
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

/** Whether JSON preserves the parameters. */
function arePlain(parameters: unknown): parameters is readonly unknown[] | undefined {
  if (parameters === undefined) return true;
  return (
    Array.isArray(parameters) &&
    parameters.every((one) => one === null || ['string', 'boolean'].includes(typeof one) || Number.isFinite(one))
  );
}
