import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { DevResult } from '../../src/commands/dev/types.js';
import { isMigrateError } from '../../src/errors.js';
import { changesIn } from '../../src/files/change.js';
import { createMigrator } from '../../src/migrator.js';
import type { Migrator } from '../../src/migrator.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { changedModel, entitiesOf, fillsOf, randomModel, rowsOf } from '../support/random-entities.js';
import type { Model } from '../support/random-entities.js';
import { Random } from '../support/random.js';
import { full } from '../support/sample.js';

const first = Number(process.env['PROPERTY_SEED'] ?? 1);
const count = Number(process.env['PROPERTY_COUNT'] ?? (full ? 40 : 1));
const edits = full ? 8 : 4;

/** A project whose entities are data, so that no process has to be started for each save. */
class Developer {
  readonly dir = mkdtempSync(join(tmpdir(), 'nest-migrate-dev-'));
  commits = 0;

  constructor(
    readonly database: TestDatabase,
    private readonly random: Random,
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

  async as<T>(model: Model, work: (migrator: Migrator) => Promise<T>): Promise<T> {
    const dataSource = new DataSource({
      type: 'postgres',
      url: this.database.url,
      entities: entitiesOf(model),
      installExtensions: false,
      migrations: [join(this.dir, 'migrations/*.sql')],
    } as DataSourceOptions);
    const migrator = createMigrator({ dataSource, settings: { dir: join(this.dir, 'migrations') } });
    try {
      return await work(migrator);
    } finally {
      await migrator.close();
    }
  }

  /** Undefined where it asks what has no answer here. */
  async dev(model: Model, fills: ReadonlyMap<string, string>): Promise<DevResult | undefined> {
    const ask = {
      choose: (_question: string, choices: readonly { readonly value: string }[]) =>
        Promise.resolve(this.random.pick(choices).value),
      text: (question: string) =>
        Promise.resolve(/which time zone/i.test(question) ? 'UTC' : (fills.get(question.split(' ')[0] ?? '') ?? '')),
      confirm: () => Promise.resolve(true),
    };
    try {
      return await this.as(model, (migrator) => migrator.dev({ shadow: serverUrl(), language: 'sql', ask }));
    } catch (error) {
      if (isMigrateError(error) && error.code === 'DECISION_NEEDED') return undefined;
      throw error;
    }
  }

  files(): readonly string[] {
    try {
      return readdirSync(join(this.dir, 'migrations')).filter((file) => file.endsWith('.sql'));
    } catch {
      return [];
    }
  }

  async state(): Promise<object> {
    const texts = this.files().map((file) => [file, readFileSync(join(this.dir, 'migrations', file), 'utf8')]);
    return { texts, ledger: await this.ledger() };
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

/** Files, ledger and database say the same as the entities. */
async function expectAgreement(developer: Developer, model: Model): Promise<void> {
  await developer.as(model, async (migrator) => {
    const here = await migrator.generate({
      from: developer.database.url,
      dryRun: true,
      allowDestructive: true,
      online: false,
      shadow: serverUrl(),
    });
    expect(here.statements.map(({ sql }) => sql)).toEqual([]);
    const there = await migrator.generate({
      dryRun: true,
      allowDestructive: true,
      online: false,
      shadow: serverUrl(),
    });
    expect(there.statements.map(({ sql }) => sql)).toEqual([]);
  });
  const names = developer.files().map((file) => file.replace(/^(\d+)-(.*)\.sql$/, '$2$1'));
  expect((await developer.ledger()).toSorted()).toEqual(names.toSorted());
  const migrations = names.map((name) => ({ name, timestamp: Number(name.slice(-13)) }));
  const changes = changesIn(migrations.toSorted((a, b) => a.timestamp - b.timestamp));
  expect(changes.length).toBeLessThanOrEqual(developer.commits + 1);
}

async function develop(seed: number): Promise<void> {
  const random = new Random(seed);
  const database = await createDatabase();
  const developer = new Developer(database, random);
  let model: Model = { tables: [], views: [] };
  const before: Model[] = [];
  let step = 'begin';
  try {
    for (let edit = 0; edit < edits; edit += 1) {
      // Now and then, the entities are what they were before.
      const earlier = random.chance(0.15) ? before.at(-2) : undefined;
      const next = earlier ?? (edit === 0 ? randomModel(random) : changedModel(model, random));
      const fills = new Map([...before, model].flatMap((one) => [...fillsOf(one, next)]));
      const state = await developer.state();
      if ((await developer.dev(next, fills)) === undefined) {
        expect(await developer.state()).toEqual(state);
        continue;
      }
      before.push(model);
      model = next;
      step = `edit ${edit}`;
      await expectAgreement(developer, model);
      step += ' again';
      expect(await developer.dev(model, fills)).toMatchObject({ statements: [] });
      if (edit === 0) for (const sql of rowsOf(model)) await database.query(sql);
      if (random.chance(0.3)) developer.commit();
      else if (random.chance(0.2) && developer.files().length > 0) {
        // As after another branch was checked out.
        developer.git('add', '--all');
        developer.git('reset', '--quiet', '--hard');
        if (developer.commits === 0) rmSync(join(developer.dir, 'migrations'), { recursive: true, force: true });
        step = `edit ${edit} taken back`;
        if ((await developer.dev(model, fills)) !== undefined) await expectAgreement(developer, model);
      }
    }
  } catch (error) {
    throw new Error(`Seed ${seed}, ${step}: ${(error as Error).message}`, { cause: error });
  } finally {
    developer.remove();
    await database.drop();
  }
}

test(`${edits} edits of each of ${count} projects: the database, its ledger and the files say what the entities say`, async () => {
  const failures: string[] = [];
  for (let seed = first; seed < first + count && failures.length < 5; seed += 1)
    await develop(seed).catch((error: unknown) => failures.push((error as Error).message));
  expect(failures.join('\n\n')).toBe('');
}, 7_200_000);
