import { ExitCode, MigrateError } from '../errors.js';

export function invalidApp(message: string, next: string, cause?: unknown): MigrateError {
  const details = { code: 'APP_INVALID', message, next, exitCode: ExitCode.usage } as const;
  return new MigrateError(cause === undefined ? details : { ...details, cause });
}
