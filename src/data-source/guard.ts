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

/** An app or a data source of ours does not start with them. */
export function refuseSynchronize(options: Partial<DataSourceOptions>, where: string): void {
  const found = synchronizing(options, where);
  if (found !== undefined) throw new MigrateError({ code: 'SYNCHRONIZE_ON', ...found, exitCode: ExitCode.usage });
}

/**
 * Options that migrations exclude, although a command is not affected by them, since it connects by itself. TypeORM accepts any truthy value,
 * so the text "false" from a variable would enable them.
 */
export function synchronizing(
  options: Partial<DataSourceOptions>,
  where: string,
): { readonly message: string; readonly next: string } | undefined {
  const given = (Object.keys(reasons) as (keyof typeof reasons)[]).filter((name) => options[name]);
  if (given.length === 0) return undefined;
  return {
    message: given
      .map((name) => `${where} sets ${name}: ${JSON.stringify(options[name])}. With it, ${reasons[name]}.`)
      .join('\n'),
    next: `Set ${given.map((name) => `${name}: false`).join(', ')}. How to leave synchronize: nest-migrate help leaving-synchronize`,
  };
}
