import { Inject } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type {
  PendingMigration,
  RedoOptions,
  RedoResult,
  Resolution,
  ResolveResult,
  RevertOptions,
  RevertResult,
  RunOptions,
  RunResult,
  StatusResult,
  WaitOptions,
  WaitResult,
  CreateOptions,
  CreateResult,
} from '../commands/types.js';
import type { SeedOptions, SeedResult } from '../commands/seed.js';
import type { EventListener } from '../events.js';
import type { Instantiate } from '../files/migration.js';
import type { Migrator } from '../migrator.js';
import { migratorFor } from './bootstrap.js';
import { tellAll } from './event-log.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { getMigrationsToken } from './migrations.constants.js';

/**
 * Injects the `MigrationsService` of a named connection.
 *
 * @example
 * constructor(@InjectMigrations('reports') private readonly migrations: MigrationsService) {}
 */
export const InjectMigrations = (name?: string): ReturnType<typeof Inject> => Inject(getMigrationsToken(name));

/**
 * The migrations of one connection, for the running app.
 *
 * @example
 * constructor(private readonly migrations: MigrationsService) {}
 * pending() { return this.migrations.pending(); }
 */
export class MigrationsService {
  private readonly listeners = new Set<EventListener>();
  private readonly migrator: Migrator;

  constructor(dataSource: DataSource, options: MigrationsOptions, instantiate: Instantiate) {
    if (options.onEvent) this.listeners.add(options.onEvent);
    this.migrator = migratorFor({ dataSource, options, onEvent: tellAll(this.listeners), instantiate });
  }

  run(options?: RunOptions): Promise<RunResult> {
    return this.migrator.run(options);
  }

  revert(options?: RevertOptions): Promise<RevertResult> {
    return this.migrator.revert(options);
  }

  redo(options?: RedoOptions): Promise<RedoResult> {
    return this.migrator.redo(options);
  }

  status(): Promise<StatusResult> {
    return this.migrator.status();
  }

  pending(): Promise<readonly PendingMigration[]> {
    return this.migrator.pending();
  }

  wait(options?: WaitOptions): Promise<WaitResult> {
    return this.migrator.wait(options);
  }

  resolve(migration: string, resolution: Resolution): Promise<ResolveResult> {
    return this.migrator.resolve(migration, resolution);
  }

  seed(options?: SeedOptions): Promise<SeedResult> {
    return this.migrator.seed(options);
  }

  create(options: CreateOptions): Promise<CreateResult> {
    return this.migrator.create(options);
  }

  /** Calls the listener with every event from now on. Returns a function that removes the listener. */
  onEvent(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
