import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { createMigrator } from '../../src/migrator.js';
import type { Migrator } from '../../src/migrator.js';
import type { DryRunStatement } from '../../src/errors.js';
import type { EventListener, MigrateEvent } from '../../src/events.js';
import type { Instantiate, MigrationClass } from '../../src/files/migration.js';
import type { MigrateSettings } from '../../src/options.js';

export type Step = string | ((queryRunner: QueryRunner) => Promise<unknown>);

export interface Description {
  readonly up: readonly Step[];
  readonly down?: readonly Step[];
  readonly transaction?: boolean;
  readonly phase?: 'expand' | 'contract';
}

/** Makes a migration class from the SQL that it runs. */
export function migration(name: string, description: Description): MigrationClass {
  const perform = async (steps: readonly Step[], queryRunner: QueryRunner): Promise<void> => {
    for (const step of steps) await (typeof step === 'string' ? queryRunner.query(step) : step(queryRunner));
  };
  const made = class {
    readonly name = name;
    readonly transaction = description.transaction;
    up(queryRunner: QueryRunner): Promise<void> {
      return perform(description.up, queryRunner);
    }
    down(queryRunner: QueryRunner): Promise<void> {
      return perform(description.down ?? [], queryRunner);
    }
  };
  Object.defineProperty(made, 'name', { value: name });
  if (description.phase) Object.defineProperty(made, 'phase', { value: description.phase });
  return made;
}

export interface Using {
  readonly url: string;
  readonly migrations: readonly (MigrationClass | string)[];
  readonly settings?: MigrateSettings;
  readonly options?: object;
  readonly signal?: AbortSignal;
  readonly onEvent?: EventListener;
  readonly instantiate?: Instantiate;
}

/** Lends a migrator to a test, and gives what it returned, or the error, with all events. */
export async function using<T>(
  how: Using,
  work: (migrator: Migrator) => Promise<T>,
): Promise<{ readonly result: T; readonly events: readonly MigrateEvent[] }> {
  const events: MigrateEvent[] = [];
  const dataSource = new DataSource({
    type: 'postgres',
    url: how.url,
    migrations: how.migrations as (string | (new () => never))[],
    ...how.options,
  });
  const migrator = createMigrator({
    dataSource,
    settings: { connect: { timeout: '5s' }, ...how.settings },
    onEvent: (event) => {
      events.push(event);
      how.onEvent?.(event);
    },
    ...(how.signal && { signal: how.signal }),
    ...(how.instantiate && { instantiate: how.instantiate }),
  });
  try {
    return { result: await work(migrator), events };
  } finally {
    await migrator.close();
  }
}

/** The failure that a test expects. */
export async function failureOf(work: Promise<unknown>): Promise<
  Error & {
    readonly code?: string;
    readonly next?: string;
    readonly finished?: readonly string[];
    readonly statements?: readonly DryRunStatement[];
    readonly exitCode?: number;
  }
> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('It should have failed, but it did not.');
}
