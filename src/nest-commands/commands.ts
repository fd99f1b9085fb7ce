import { Inject } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Command, CommandRunner } from 'nest-commander';
import { performInApp } from './perform-in-app.js';

const descriptions = {
  run: 'run the pending migrations',
  revert: 'revert the last migration',
  redo: 'revert the last migration and run it again',
  status: 'show what is applied, what is pending, and what is odd',
  wait: 'wait until the server answers, or until somebody else has migrated',
  create: 'write an empty migration',
  generate: 'write the migrations that lead to what the entities describe',
  check: 'say whether the migrations are good, for CI',
  baseline: 'take over a database that synchronize has made',
  lint: 'say what migrations will do to a database in use',
  plan: 'say what run will do to this database, without changing anything',
  drift: 'show how the database differs from what its migrations say',
  resolve: 'say what became of a migration without a transaction that stopped in the middle',
} as const;

/** For each command of `nest-migrate` a runner that hands its arguments over, so that flags are described in one place only. */
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

    /** `--help` is handed over like everything else. */
    override setCommand(own: Parameters<CommandRunner['setCommand']>[0]): this {
      own.helpOption(false);
      return super.setCommand(own);
    }

    override async run(given: string[]): Promise<void> {
      process.exitCode = await performInApp([command, ...given], this.container);
    }
  }
  // nest-commander tells commands apart by the names of their classes.
  Object.defineProperty(MigrationsCommand, 'name', { value: `${MigrationsCommand.name}${command}` });
  return MigrationsCommand;
}
