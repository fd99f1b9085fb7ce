import { readFileSync } from 'node:fs';
import { Steps, stepIn, titleIn } from './change.js';
import type { ListedFile, MigrationClass } from './migration.js';
import type { MigrationName } from './name.js';

/** Finds the row of the ledger for a file by names alone, without loading the file. */
export class RecordedNames {
  readonly #byName: ReadonlyMap<string, MigrationName>;
  readonly #steps: Steps<MigrationName>;
  readonly #byTimestamp: ReadonlyMap<number, MigrationName>;

  constructor(
    rows: readonly MigrationName[],
    files: readonly ListedFile[] = [],
    classes: readonly MigrationClass[] = [],
  ) {
    this.#byName = new Map(rows.map((row) => [row.name, row]));
    // If each class has its own file, its row is found by the name of the file.
    const own = new Set(files.map(({ expected }) => expected?.name));
    this.#steps = new Steps(rows.filter(({ name }) => !own.has(name)));
    this.#byTimestamp = byTimestampOnly(rows, files, classes, this.#byName);
  }

  /**
   * The migration in the ledger that belongs to a file. TypeORM records the property `name` of a class, which may differ from the name of
   * the class and of the file. Then the timestamp decides, if exactly one file and one row have it and the file contains the name. The
   * timestamp alone is not enough: another service that shares the ledger may have a migration with the same timestamp.
   */
  of(expected: MigrationName): MigrationName | undefined {
    return this.#byName.get(expected.name) ?? this.#byTimestamp.get(expected.timestamp);
  }

  /** The migrations that come before the last one of a change, in the same file. */
  before(last: MigrationName): readonly MigrationName[] {
    return this.#steps.before(last);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }
}

function byTimestampOnly(
  rows: readonly MigrationName[],
  files: readonly ListedFile[],
  classes: readonly MigrationClass[],
  byName: ReadonlyMap<string, MigrationName>,
): ReadonlyMap<number, MigrationName> {
  const open = files.flatMap(({ expected }) => (expected && !byName.has(expected.name) ? [expected] : []));
  if (open.length === 0) return new Map();
  const names = [...files.flatMap(({ expected }) => expected?.name ?? []), ...classes.map(({ name }) => name)];
  const [known, titles] = [new Set(names), new Set(names.map(titleIn))];
  // Steps belong to the change that they are named after, even if its last migration is not in the ledger yet.
  const isKnown = ({ name }: MigrationName): boolean => known.has(name) || titles.has(stepIn(name)?.title ?? '');
  const unclaimed = onlyOnes(rows.filter((row) => !isKnown(row)));
  const wanted = onlyOnes(files.flatMap(({ file, expected }) => (expected ? [{ ...expected, file }] : [])));
  return new Map([...unclaimed].filter(([timestamp, { name }]) => isWrittenIn(wanted.get(timestamp)?.file, name)));
}

function isWrittenIn(file: string | undefined, name: string): boolean {
  try {
    return file !== undefined && !file.endsWith('.sql') && readFileSync(file, 'utf8').includes(name);
  } catch {
    return false;
  }
}

/** The entries whose timestamp is unique. */
function onlyOnes<One extends MigrationName>(all: readonly One[]): ReadonlyMap<number, One> {
  const counts = new Map<number, number>();
  for (const { timestamp } of all) counts.set(timestamp, (counts.get(timestamp) ?? 0) + 1);
  return new Map(all.filter(({ timestamp }) => counts.get(timestamp) === 1).map((one) => [one.timestamp, one]));
}
