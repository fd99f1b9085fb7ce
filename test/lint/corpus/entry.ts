import type { QueryRunner } from 'typeorm';

export type Up = (queryRunner: QueryRunner) => Promise<unknown>;

export interface File {
  readonly up: string | Up;
  readonly transaction?: false;
  readonly phase?: 'contract';
}

/** A migration as teams write it, and what must be said of it. */
export interface Entry {
  readonly name: string;
  /** What was there before, in use. */
  readonly given?: string;
  /** Several of them are the files of one batch. */
  readonly migration: string | Up | readonly (string | Up | File)[];
  readonly transaction?: false;
  readonly phase?: 'contract';
  readonly targetVersion?: number;
  /** If it is missing, the migration is good, and nothing worse than a notice may be reported. */
  readonly expect?: readonly Expected[];
  /** What may be said too, and need not be: opinions differ, or it comes with what is expected. */
  readonly allowed?: readonly string[];
  /** It ends with an error even on an empty database. */
  readonly fails?: true;
}

export interface Expected {
  readonly severity: 'error' | 'warning';
  /** Any of them will do: the same hazard can be told from several sides. */
  readonly rules: readonly string[];
}

export function error(...rules: readonly string[]): Expected {
  return { severity: 'error', rules };
}

/** At least a warning. */
export function warning(...rules: readonly string[]): Expected {
  return { severity: 'warning', rules };
}
