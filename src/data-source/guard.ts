import type { DataSourceOptions } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';

const reasons = {
  synchronize:
    'TypeORM would change the schema by itself at every start, without asking, dropping columns with their data; migrations replace it',
  dropSchema: 'TypeORM would drop the whole database at every start',
  migrationsRun:
    'TypeORM would run the migrations at every start too, without any lock between replicas; nest-migrate does it with one',
} as const;

/** Before anything is asked of a database that would not understand it. */
export function refuseOtherDatabases({ type }: Pick<DataSourceOptions, 'type'>, where: string): void {
  if (type === 'postgres') return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `${where} connects to ${type}. Nothing was changed.`,
    next: "nest-migrate is for PostgreSQL: `type: 'postgres'`. Migrations of another database stay with TypeORM's own command.",
    exitCode: ExitCode.usage,
  });
}

/** Migrations and these options exclude each other. TypeORM takes any truthy value, so the text "false" of a variable switches them on. */
export function refuseSynchronize(options: Partial<DataSourceOptions>, where: string): void {
  const given = (Object.keys(reasons) as (keyof typeof reasons)[]).filter((name) => options[name]);
  if (given.length === 0) return;
  throw new MigrateError({
    code: 'SYNCHRONIZE_ON',
    message: given
      .map((name) => `${where} says ${name}: ${JSON.stringify(options[name])}. With it ${reasons[name]}.`)
      .join('\n'),
    next: `Set ${given.map((name) => `${name}: false`).join(', ')}. How to leave synchronize: docs/leaving-synchronize.md`,
    exitCode: ExitCode.usage,
  });
}
