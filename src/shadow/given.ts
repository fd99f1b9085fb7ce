import { classify, quoteName } from '../sql/index.js';
import type { InitialState } from './initial-state.js';

/** Objects that a migration has created although the initial state contains them. */
export interface MadeAgain {
  readonly sql: string;
  /** Why the statement fails on an empty database of a server; undefined if it does not. */
  readonly failsBecause: string | undefined;
}

/**
 * What the initial state has on account of the data source: schemas of the search path, extensions of TypeORM. A migration that makes one
 * of them is that of a project whose database did not have it, and so makes it here as well.
 */
export class Given {
  readonly #reasons: ReadonlyMap<string, string | undefined>;
  /** The first migration that creates it. */
  readonly #makers = new Map<string, string>();
  readonly #made = new Map<string, Map<string, MadeAgain>>();

  constructor({ statements }: Pick<InitialState, 'statements'>) {
    const given = statements.filter(({ from }) => from !== 'setting');
    this.#reasons = new Map(
      given.flatMap(({ sql, failsBecause }) =>
        classify(sql).map(({ command, name }) => [keyOf(command, name), failsBecause] as const),
      ),
    );
  }

  /** The statement that the shadow executes instead. */
  accept(sql: string, migration: string): string {
    const kinds = classify(sql);
    const accepted = kinds.map((kind) => {
      const { command, name, text, beforeName } = kind;
      const key = keyOf(command, name);
      const isBare = this.#reasons.has(key) && !kind.mentions('IF', 'NOT', 'EXISTS');
      if (!isBare || (this.#makers.get(key) ?? migration) !== migration) return text;
      this.#makers.set(key, migration);
      const own = this.#made.get(migration) ?? new Map<string, MadeAgain>();
      this.#made.set(migration, own.set(key, { sql: text, failsBecause: this.#reasons.get(key) }));
      return `${beforeName.trimEnd()} IF NOT EXISTS ${text.slice(beforeName.length)}`;
    });
    return accepted.every((text, index) => text === kinds[index]?.text) ? sql : accepted.join(';\n');
  }

  madeAgainBy(migration: string): readonly MadeAgain[] {
    return [...(this.#made.get(migration)?.values() ?? [])];
  }
}

function keyOf(command: string, name: readonly string[] | undefined): string {
  return `${command} ${(name ?? []).map(quoteName).join('.')}`;
}
