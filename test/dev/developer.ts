import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntitySchema } from 'typeorm';
import type { DevOptions, DevResult } from '../../src/commands/dev/types.js';
import type { MigrateEvent } from '../../src/events.js';
import { changesIn } from '../../src/files/change.js';
import type { MigrateSettings } from '../../src/options.js';
import { createMigrator } from '../../src/migrator.js';
import type { Migrator } from '../../src/migrator.js';
import { serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';

type Entities = readonly (EntitySchema | (new () => object))[];

/** A project in a git repository whose entities are data, so that no process has to be started for each save. */
export class Developer {
  readonly dir = mkdtempSync(join(tmpdir(), 'nest-migrate-dev-'));
  readonly folder = join(this.dir, 'migrations');
  readonly warnings: string[] = [];
  commits = 0;

  constructor(
    readonly database: TestDatabase,
    private readonly settings: MigrateSettings = {},
  ) {
    writeFileSync(join(this.dir, 'package.json'), '{"type":"module"}');
    this.git('init', '--quiet');
  }

  git(...args: string[]): void {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
    execFileSync('git', [...who, ...args], { cwd: this.dir });
  }

  commit(): void {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '--message', 'change');
    this.commits += 1;
  }

  async as<T>(entities: Entities, work: (migrator: Migrator) => Promise<T>): Promise<T> {
    const dataSource = new DataSource({
      type: 'postgres',
      url: this.database.url,
      entities,
      installExtensions: false,
      // A class of the same name as before would not be loaded again.
      migrations: [join(this.folder, '*.sql')],
    } as DataSourceOptions);
    const onEvent = (event: MigrateEvent): void => void (event.type === 'warning' && this.warnings.push(event.message));
    const migrator = createMigrator({ dataSource, settings: { dir: this.folder, ...this.settings }, onEvent });
    try {
      return await work(migrator);
    } finally {
      await migrator.close();
    }
  }

  dev(entities: Entities, options: DevOptions = {}): Promise<DevResult> {
    return this.as(entities, (migrator) => migrator.dev({ shadow: serverUrl(), language: 'sql', ...options }));
  }

  files(): readonly string[] {
    try {
      return readdirSync(this.folder).filter((file) => file.endsWith('.sql'));
    } catch {
      return [];
    }
  }

  text(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  async state(): Promise<object> {
    return { texts: this.files().map((file) => [file, this.text(file)]), ledger: await this.ledger() };
  }

  async ledger(): Promise<readonly unknown[]> {
    const [{ there } = {}] = await this.database.query(`SELECT to_regclass('migrations') IS NOT NULL AS there`);
    if (there !== true) return [];
    return (await this.database.query('SELECT name FROM migrations ORDER BY "timestamp"')).map(({ name }) => name);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Files, ledger and database say the same as the entities, and there is one draft at most. */
export async function expectAgreement(developer: Developer, entities: Entities): Promise<void> {
  const options = { dryRun: true, allowDestructive: true, online: false, shadow: serverUrl() };
  await developer.as(entities, async (migrator) => {
    const here = await migrator.generate({ ...options, from: developer.database.url });
    expect(here.statements.map(({ sql }) => sql)).toEqual([]);
    const there = await migrator.generate(options);
    expect(there.statements.map(({ sql }) => sql)).toEqual([]);
  });
  const names = developer.files().map((file) => file.replace(/^(\d+)-(.*)\.sql$/, '$2$1'));
  expect((await developer.ledger()).toSorted()).toEqual(names.toSorted());
  const lock = readFileSync(join(developer.folder, 'migrations.lock'), 'utf8').split('\n');
  const locked = lock.flatMap((line) => /^(\d\S+) /.exec(line)?.[1] ?? []);
  expect(locked.toSorted()).toEqual(
    developer
      .files()
      .map((file) => file.replace('.sql', ''))
      .toSorted(),
  );
  const migrations = names.map((name) => ({ name, timestamp: Number(name.slice(-13)) }));
  const changes = changesIn(migrations.toSorted((a, b) => a.timestamp - b.timestamp));
  expect(changes.length).toBeLessThanOrEqual(developer.commits + 1);
}
