import { messageOf } from '../errors.js';
import type { MigrationsService } from './migrations.service.js';

/** What @nestjs/terminus expects of an indicator; the package itself is not needed here. */
export type MigrationsHealth = Record<string, MigrationsHealthState>;

/** What the indicator knows of one connection. */
export interface MigrationsHealthState {
  readonly status: 'up' | 'down';
  readonly pending?: number;
  readonly lastApplied?: string | null;
  readonly message?: string;
}

/**
 * For @nestjs/terminus: up when nothing is pending but what is deferred to the next deploy. For a named connection make one of its service:
 * `new MigrationsHealthIndicator(service)`.
 *
 * @example
 * this.health.check([() => this.migrations.isHealthy('migrations')]);
 */
export class MigrationsHealthIndicator {
  constructor(private readonly migrations: Pick<MigrationsService, 'status'>) {}

  async isHealthy(key = 'migrations'): Promise<MigrationsHealth> {
    try {
      const status = await this.migrations.status();
      const { applied } = status;
      const pending = status.pending.filter(({ deferred }) => !deferred);
      const state = { pending: pending.length, lastApplied: applied.at(-1)?.name ?? null };
      return { [key]: { status: pending.length === 0 ? 'up' : 'down', ...state } };
    } catch (error) {
      return { [key]: { status: 'down', message: messageOf(error) } };
    }
  }
}
