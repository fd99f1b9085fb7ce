import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { messageOf } from '../../src/errors.js';
import type { LoadedMigration } from '../../src/files/migration.js';
import { observeMigration } from '../../src/observe/observe-migration.js';
import { Observer } from '../../src/observe/observer.js';
import { rules } from '../../src/rules/all-rules.js';
import type { Example, JudgedMigration, Problem, Rule } from '../../src/rules/rule.js';
import { lookAt } from '../../src/shadow/look.js';
import { connectShadow } from '../../src/shadow/connected.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { Given } from '../../src/shadow/given.js';
import { wayBackOf } from '../../src/shadow/there-and-back.js';
import { onEmptyDatabase } from './empty-database.js';
import { emptyState } from './empty-state.js';

export interface Found extends Problem {
  readonly rule: string;
  readonly severity: Rule['severity'];
}

/** What the rules find in an example, on a database of its own, including the optional rules. */
export async function judgeExample(example: Example): Promise<readonly Found[]> {
  const { sql, given, transaction, phase, down, targetVersion, embedded, fails = false } = example;
  const files = [sql].flat().map((up) => ({ up, transaction, phase, down }));
  const { found, tried, error } = await judgeFiles(files, { given, targetVersion, embedded });
  const mayFail = fails && tried === files.length;
  if (error !== undefined && !mayFail) throw new Error(`The example itself fails: ${messageOf(error)}`);
  if (error === undefined && fails) throw new Error('The example should fail, and does not.');
  return found;
}

export interface JudgedFile {
  readonly up: string | ((queryRunner: QueryRunner) => Promise<unknown>);
  readonly transaction?: false | undefined;
  readonly phase?: 'contract' | undefined;
  /** Tried only where it is given. */
  readonly down?: string | undefined;
}

interface Circumstances {
  /** What was there before, in use. */
  readonly given?: string | undefined;
  readonly targetVersion?: number | undefined;
  /** On the server that users have when they name none. */
  readonly embedded?: true | undefined;
}

interface Judgement {
  readonly found: readonly Found[];
  /** How many of the files were executed, the failed one included. */
  readonly tried: number;
  /** Why a file could not be executed to its end; later files were not tried. */
  readonly error: unknown;
}

/** What the rules find in the files of one batch, on a database of their own. */
export async function judgeFiles(
  files: readonly JudgedFile[],
  { given, targetVersion = 15, embedded }: Circumstances,
): Promise<Judgement> {
  if (embedded) return judgeInProcess(files, { given, targetVersion });
  return onEmptyDatabase(async (database) => {
    if (given) await database.query(given);
    const dataSource = new DataSource({ type: 'postgres', url: database.url, installExtensions: false });
    await dataSource.initialize();
    try {
      const { master } = dataSource.driver as unknown as { readonly master: ConnectedShadow['pool'] };
      return await judgeOn(
        {
          dataSource,
          pool: master,
          resetSession: 'RESET ALL',
          missing: [],
          given: new Given({ statements: [] }),
          close: async () => undefined,
        },
        files,
        targetVersion,
      );
    } finally {
      await dataSource.destroy();
    }
  });
}

async function judgeInProcess(
  files: readonly JudgedFile[],
  { given, targetVersion = 15 }: Circumstances,
): Promise<Judgement> {
  const shadow = await connectShadow(new DataSource({ type: 'postgres' }), emptyState, {});
  try {
    if (given) await shadow.pool.query(given);
    return await judgeOn(shadow, files, targetVersion);
  } finally {
    await shadow.close();
  }
}

async function judgeOn(
  shadow: ConnectedShadow,
  files: readonly JudgedFile[],
  targetVersion: number,
): Promise<Judgement> {
  const observer = await Observer.open(shadow);
  const batch: JudgedMigration[] = [];
  let error: unknown;
  for (const [index, file] of files.entries()) {
    const before = file.down === undefined ? undefined : await lookAt(shadow);
    const migration = migrationOf(file, index);
    const observed = await observeMigration(shadow, migration, observer, noDependencies);
    error = observed.error;
    const back = error === undefined && before && (await wayBackOf(shadow, migration, before, noDependencies));
    const { statements, transactional } = observed;
    const wayBack = back ? back.wayBack : undefined;
    batch.push({ ...migration, file: undefined, transactional, statements, wayBack });
    if (error !== undefined) break;
  }
  const found = rules.flatMap((rule) =>
    batch.flatMap((migration) =>
      [...rule.check(migration, { targetVersion, batch })].map((problem) => ({
        ...problem,
        rule: rule.name,
        severity: problem.severity ?? rule.severity,
      })),
    ),
  );
  return { found, tried: batch.length, error };
}

function migrationOf({ up, transaction, phase, down }: JudgedFile, index: number): LoadedMigration {
  const timestamp = 1_700_000_000_000 + index;
  return {
    name: `Example${timestamp}`,
    timestamp,
    file: undefined,
    checksum: undefined,
    steps: undefined,
    phase: phase ?? 'expand',
    marksPhase: phase !== undefined,
    byHand: false,
    prepare: () =>
      Promise.resolve({
        transaction,
        up: async (queryRunner: QueryRunner) => (typeof up === 'string' ? queryRunner.query(up) : up(queryRunner)),
        down: down === undefined ? undefined : (queryRunner: QueryRunner) => queryRunner.query(down),
      }),
  };
}

const noDependencies = (): Promise<object> => Promise.reject(new Error('no dependencies here'));
