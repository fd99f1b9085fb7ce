import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ExitCode, MigrateError } from '../errors.js';
import { appSource } from '../nest/app-source.js';
import type { AppSource } from '../nest/app-source.js';
import { defaultConnection } from '../nest/migrations.constants.js';

/** The part of the command line that is used. It is an ES module even if this file is not. */
interface CommandLine {
  runProgram(args: readonly string[], inApp: (connection: string | undefined) => AppSource): Promise<number>;
}

/** The path is the same from either build. Its type is widened to string so that the CommonJS build keeps the import(). */
const commandLine: string = '../../esm/cli/program.js';

/** Performs a command on the data source of the app. Returns the exit code. */
export async function performInApp(args: readonly string[], container: ModuleRef): Promise<number> {
  const { runProgram } = (await import(/* webpackIgnore: true */ commandLine)) as CommandLine;
  return runProgram(args, (connection = defaultConnection) => {
    const find = (token: InjectionToken): unknown => {
      try {
        return container.get<unknown>(token, { strict: false });
      } catch {
        return undefined;
      }
    };
    const dataSource = find(getDataSourceToken(connection) as InjectionToken) as DataSource | undefined;
    if (dataSource === undefined) throw withoutConnection(connection);
    return appSource(dataSource, connection, find);
  });
}

function withoutConnection(name: string): MigrateError {
  const which = name === defaultConnection ? 'no TypeORM connection' : `no TypeORM connection "${name}"`;
  return new MigrateError({
    code: 'APP_INVALID',
    message: `This app has ${which}.`,
    next: 'Import MigrationsModule.forRoot({ dataSource }) or TypeOrmModule.forRoot in it; a named one is chosen by --connection <name>.',
    exitCode: ExitCode.usage,
  });
}
