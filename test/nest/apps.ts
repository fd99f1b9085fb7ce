import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule, LoggerService, OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryColumn, Repository } from 'typeorm';
import type { MigrationClass } from '../../src/files/migration.js';
import { migration } from '../support/migrations.js';

@Entity('users')
export class User {
  @PrimaryColumn('int')
  id!: number;

  @Column('text')
  name!: string;
}

export const createUsers = migration('CreateUsers1700000000001', {
  up: [`CREATE TABLE users (id int PRIMARY KEY, name text)`, `INSERT INTO users VALUES (1, 'Ada')`],
  down: ['DROP TABLE users'],
});
export const addAge = migration('AddAge1700000000002', {
  up: ['ALTER TABLE users ADD age int'],
  down: ['ALTER TABLE users DROP COLUMN age'],
});

/** Looks at the database at every moment at which a provider can. */
@Injectable()
export class EagerService implements OnModuleInit {
  readonly seen: Promise<number | Error>;
  initialised = -1;

  constructor(@InjectRepository(User) readonly users: Repository<User>) {
    this.seen = users.count().catch((error: Error) => error);
  }

  async onModuleInit(): Promise<void> {
    this.initialised = await this.users.count();
    await this.seen;
  }
}

@Module({ imports: [TypeOrmModule.forFeature([User])], providers: [EagerService], exports: [EagerService] })
export class UsersModule {}

export type Imported = DynamicModule | Promise<DynamicModule> | (new () => object);

/** The apps of one test file, and what they have logged. */
export class Apps {
  readonly log: string[] = [];
  private readonly open: TestingModule[] = [];

  async boot(...imports: readonly Imported[]): Promise<TestingModule> {
    const line = (message: unknown): void => void this.log.push(String(message));
    const logger: LoggerService = { log: line, warn: line, error: line };
    const app = await Test.createTestingModule({ imports: [...imports] })
      .setLogger(logger)
      .compile();
    this.open.push(app);
    return app.init();
  }

  async close(): Promise<void> {
    for (const app of this.open.splice(0)) await app.close();
  }
}

/** The `migrations` option, with classes that are made for a test. */
export function asOption(migrations: readonly MigrationClass[]): (new () => never)[] {
  return migrations as unknown as (new () => never)[];
}

export function sourceFor(url: string, migrations: readonly MigrationClass[] = [createUsers], more = {}): DataSource {
  return new DataSource({ type: 'postgres', url, migrations: asOption(migrations), ...more });
}
