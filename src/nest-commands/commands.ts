import { Inject } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Command, CommandRunner } from 'nest-commander';
import { performInApp } from './perform-in-app.js';

const descriptions = {
  dev: 'change your database to match the entities, and write the migration',
  run: 'run the pending migrations',
  revert: 'revert the last change',
  redo: 'revert the last change and run it again',
  status: 'show applied and pending migrations, and problems',
  wait: 'wait until the server accepts connections, or until another process has migrated',
  create: 'write an empty migration',
  generate: 'write the migrations that make the schema match the entities',
  check: 'check the migrations without a database; made for CI',
  baseline: 'start using migrations on a database that synchronize has created',
  lint: 'show what migrations would do to a database in use, before they run',
  plan: 'show what run would do to this database, without changing it',
  drift: 'show how the database differs from its migrations, without changing it',
  resolve: 'record the outcome of a non-transactional migration that stopped halfway',
  database: 'create the database of the data source, or drop it',
  fresh: 'drop everything in the database, and run all migrations again',
  seed: 'run the seeds, which fill tables with rows',
} as const;

/** A runner for each command of `nest-migrate`. It passes its arguments on, so that flags are described in one place only. */
export const commands = Object.entries(descriptions).map(([command, description]) => {
  const name = `migrations:${command}`;
  return { name, runner: runnerOf(command, name, description) };
});

function runnerOf(command: string, name: string, description: string): Type<CommandRunner> {
  @Command({ name, description, arguments: '[arguments...]', allowUnknownOptions: true })
  class MigrationsCommand extends CommandRunner {
    constructor(@Inject(ModuleRef) private readonly container: ModuleRef) {
      super();
    }

    /** Passes `--help` on like every other argument. */
    override setCommand(own: Parameters<CommandRunner['setCommand']>[0]): this {
      own.helpOption(false);
      return super.setCommand(own);
    }

    override async run(given: string[]): Promise<void> {
      process.exitCode = await performInApp([command, ...given], this.container);
    }
  }
  // nest-commander distinguishes commands by the names of their classes.
  Object.defineProperty(MigrationsCommand, 'name', { value: `${MigrationsCommand.name}${command}` });
  return MigrationsCommand;
}
