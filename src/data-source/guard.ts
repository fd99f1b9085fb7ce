import type { DataSourceOptions } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';

const reasons = {
  synchronize:
    'TypeORM would change the schema at every start without asking, and drop columns with their data; migrations replace it',
  dropSchema: 'TypeORM would drop the whole database at every start',
  migrationsRun:
    'TypeORM would run the migrations at every start too, without any lock between replicas; nest-migrate takes one',
} as const;

/** Refuses other databases before a query is sent that they would not understand. */
export function refuseOtherDatabases({ type }: Pick<DataSourceOptions, 'type'>, where: string): void {
  if (type === 'postgres') return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `${where} connects to ${type}. Nothing was changed.`,
    next: "nest-migrate is for PostgreSQL: `type: 'postgres'`. For other databases, use TypeORM's own command.",
    exitCode: ExitCode.usage,
  });
}

/** Migrations exclude these options. TypeORM accepts any truthy value, so the text "false" from a variable would enable them. */
export function refuseSynchronize(options: Partial<DataSourceOptions>, where: string): void {
  const given = (Object.keys(reasons) as (keyof typeof reasons)[]).filter((name) => options[name]);
  if (given.length === 0) return;
  throw new MigrateError({
    code: 'SYNCHRONIZE_ON',
    message: given
      .map((name) => `${where} sets ${name}: ${JSON.stringify(options[name])}. With it, ${reasons[name]}.`)
      .join('\n'),
    next: `Set ${given.map((name) => `${name}: false`).join(', ')}. How to leave synchronize: nest-migrate help leaving-synchronize`,
    exitCode: ExitCode.usage,
  });
}
