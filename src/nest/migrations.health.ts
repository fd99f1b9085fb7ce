import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { requireFrom } from '../require-from.js';
import type { MigrationsService } from './migrations.service.js';

/** The result that @nestjs/terminus expects from an indicator; the package itself is not needed. */
export type MigrationsHealth = Record<string, MigrationsHealthState>;

/** The health of one connection. */
export interface MigrationsHealthState {
  readonly status: 'up' | 'down';
  readonly pending?: number;
  readonly lastApplied?: string | null;
  readonly message?: string;
}

/**
 * For @nestjs/terminus: up if nothing is pending, except migrations deferred to the next deploy. For a named connection, create one with its service:
 * `new MigrationsHealthIndicator(service)`.
 *
 * @example
 * this.health.check([() => this.migrations.isHealthy('migrations')]);
 */
export class MigrationsHealthIndicator {
  constructor(private readonly migrations: Pick<MigrationsService, 'status'>) {}

  async isHealthy(key = 'migrations'): Promise<MigrationsHealth> {
    const health = { [key]: await this.state() };
    if (health[key]?.status === 'down' && isOldTerminus()) throw new Down(key, health);
    return health;
  }

  private async state(): Promise<MigrationsHealthState> {
    try {
      const status = await this.migrations.status();
      const { applied } = status;
      const pending = status.pending.filter(({ deferred }) => !deferred);
      const state = { pending: pending.length, lastApplied: applied.at(-1)?.name ?? null };
      return { status: pending.length === 0 ? 'up' : 'down', ...state };
    } catch (error) {
      return { status: 'down', message: messageOf(error) };
    }
  }
}

/** Thrown for @nestjs/terminus 10, which treats every returned value as healthy. */
class Down extends Error {
  readonly isHealthCheckError = true;

  constructor(
    key: string,
    readonly causes: MigrationsHealth,
  ) {
    super(`${key} is down`);
  }
}

/** Later versions, whose package.json cannot be required, read the returned value. */
function isOldTerminus(): boolean {
  // The app may be started by a file of another package, such as pm2.
  return [process.argv[1] ?? '.', join(process.cwd(), 'app.js')].some((file) => {
    try {
      const { version } = requireFrom(file)('@nestjs/terminus/package.json') as { readonly version: string };
      return version.startsWith('10.');
    } catch {
      return false;
    }
  });
}
