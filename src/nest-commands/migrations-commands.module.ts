import { Module } from '@nestjs/common';
import { leaveMigratingToCommands } from '../nest/in-charge.js';
import { commands } from './commands.js';

/**
 * The commands of `nest-migrate` in the command line of an app that uses nest-commander: `my-app migrations:run --dry-run`. They work on
 * the app's own data source, and have the same flags, output and exit codes. While one of them runs, the app does not migrate by itself.
 *
 * @example
 * @Module({ imports: [AppModule, MigrationsCommandsModule] })
 * class CliModule {}
 * await CommandFactory.run(CliModule);
 */
@Module({ providers: commands.map(({ runner }) => runner) })
export class MigrationsCommandsModule {}

leaveMigratingToCommands(commands.map(({ name }) => name));
