import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { messageOf } from '../../src/errors.js';
import type { LoadedMigration } from '../../src/files/migration.js';
import { observeMigration } from '../../src/observe/observe-migration.js';
import { Observer } from '../../src/observe/observer.js';
import { rules } from '../../src/rules/list.js';
import type { Example, JudgedMigration, Problem, Rule } from '../../src/rules/rule.js';
import { openShadow } from '../../src/shadow/shadow.js';
import type { Shadow } from '../../src/shadow/shadow.js';
import { readFingerprint, wayBackOf } from '../../src/shadow/there-and-back.js';
import { createDatabase } from './database.js';

export interface Found extends Problem {
  readonly rule: string;
  readonly severity: Rule['severity'];
}

/** What the rules find in an example, on a database of its own; also those that are a matter of taste. */
export async function judgeExample(example: Example): Promise<readonly Found[]> {
  if (example.embedded) return judgeInProcess(example);
  const database = await createDatabase();
  try {
    if (example.given) await database.query(example.given);
    const dataSource = new DataSource({ type: 'postgres', url: database.url, installExtensions: false });
    await dataSource.initialize();
    try {
      const { master } = dataSource.driver as unknown as { readonly master: Shadow['pool'] };
      return await judgeOn({ dataSource, pool: master, close: async () => undefined }, example);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await database.drop();
  }
}

/** On the server that users have when they name none. */
async function judgeInProcess(example: Example): Promise<readonly Found[]> {
  const shadow = await openShadow(new DataSource({ type: 'postgres' }), {});
  try {
    if (example.given) await shadow.pool.query(example.given);
    return await judgeOn(shadow, example);
  } finally {
    await shadow.close();
  }
}

async function judgeOn(shadow: Shadow, example: Example): Promise<readonly Found[]> {
  const { sql, targetVersion = 15, phase = 'expand', fails = false } = example;
  const observer = await Observer.open(shadow);
  const batch: JudgedMigration[] = [];
  const texts = [sql].flat();
  for (const [index, text] of texts.entries()) {
    const before = example.down === undefined ? undefined : await readFingerprint(shadow);
    const migration = migrationOf(text, index, example);
    const { error, statements, transactional } = await observeMigration(shadow, migration, observer, noDependencies);
    const mayFail = fails && index === texts.length - 1;
    if (error !== undefined && !mayFail) throw new Error(`The example itself fails: ${messageOf(error)}`);
    if (error === undefined && mayFail) throw new Error('The example should fail, and does not.');
    const back = before && (await wayBackOf(shadow, migration, before, noDependencies));
    batch.push({ ...migration, file: undefined, phase, transactional, statements, wayBack: back?.wayBack });
  }
  return rules.flatMap((rule) =>
    batch.flatMap((migration) =>
      [...rule.check(migration, { targetVersion, batch })].map((problem) => ({
        ...problem,
        rule: rule.name,
        severity: rule.severity,
      })),
    ),
  );
}

function migrationOf(sql: string, index: number, { transaction, phase, down }: Example): LoadedMigration {
  const timestamp = 1_700_000_000_000 + index;
  return {
    name: `Example${timestamp}`,
    timestamp,
    file: undefined,
    checksum: undefined,
    phase: phase ?? 'expand',
    marksPhase: phase !== undefined,
    prepare: () =>
      Promise.resolve({
        transaction,
        up: (queryRunner: QueryRunner) => queryRunner.query(sql),
        down: down === undefined ? undefined : (queryRunner: QueryRunner) => queryRunner.query(down),
      }),
  };
}

const noDependencies = (): Promise<object> => Promise.reject(new Error('no dependencies here'));
