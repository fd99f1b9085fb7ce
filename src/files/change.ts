import { MigrateError } from '../errors.js';
import { timestampOf } from './name.js';
import type { MigrationName } from './name.js';

/**
 * The migrations that belong together, in their order. They are recognised by their names alone, so that an applied file stays closed and
 * classes in a bundle are grouped as well: a change is called after its last migration, `<Name><timestamp>`, and the ones before it are
 * `<Name>Step1`, `<Name>Step2`, … with the timestamps just before.
 */
export interface Change<Migration> {
  /** The name of its last migration; of the last that is there. */
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** The names of a change of so many migrations, from the name of its last one. */
export function namesOfChange(last: MigrationName, count: number): readonly MigrationName[] {
  const title = titleIn(last.name);
  return Array.from({ length: count }, (_, index) => {
    const timestamp = last.timestamp - (count - 1 - index);
    return index === count - 1 ? last : { name: `${title}Step${index + 1}${timestamp}`, timestamp };
  });
}

/** `AddUsers1700000000000` → `AddUsers` */
export function titleIn(name: string): string {
  return timestampOf(name) === undefined ? name : name.slice(0, -13);
}

/** `AddUsersStep21700000000001` → step 2 of AddUsers. */
export function stepIn(name: string): { readonly title: string; readonly step: number } | undefined {
  const [, title, step] = /^(.+?)Step(\d+)$/.exec(titleIn(name)) ?? [];
  return title === undefined || timestampOf(name) === undefined ? undefined : { title, step: Number(step) };
}

/** The migrations that may be steps of a change, by what tells them apart. */
export class Steps<Migration extends MigrationName> {
  readonly #byName = new Map<string, Migration>();
  readonly #last = new Map<string, number>();

  constructor(migrations: readonly Migration[]) {
    for (const migration of migrations) {
      const found = stepIn(migration.name);
      if (found === undefined) continue;
      this.#byName.set(migration.name, migration);
      this.#last.set(`${found.title} ${migration.timestamp}`, found.step);
    }
  }

  /** The migrations before the last one of a change, as far as they exist. */
  before(last: MigrationName): readonly Migration[] {
    const title = titleIn(last.name);
    const count = this.#last.get(`${title} ${last.timestamp - 1}`) ?? 0;
    const names = namesOfChange(last, count + 1).slice(0, -1);
    return names.flatMap(({ name }) => this.#byName.get(name) ?? []);
  }
}

/** Groups migrations, which are in their order, into changes. */
export function changesIn<Migration extends MigrationName>(sorted: readonly Migration[]): readonly Change<Migration>[] {
  const steps = new Steps(sorted);
  const taken = new Set<Migration>();
  const changes: Change<Migration>[] = [];
  for (const migration of sorted.toReversed()) {
    if (taken.has(migration)) continue;
    const migrations = [...steps.before(migration), migration];
    for (const one of migrations) taken.add(one);
    changes.push({ name: migration.name, migrations });
  }
  return changes.reverse();
}

/** A migration that says of how many its change consists. */
interface Counted extends MigrationName {
  readonly steps: number | undefined;
}

/** What is wrong with changes of which a migration is not there. */
export function incompleteIn(migrations: readonly Counted[]): readonly MigrateError[] {
  const names = new Set(migrations.map(({ name }) => name));
  return migrations.flatMap((last) => {
    if (last.steps === undefined || last.steps < 2) return [];
    const missing = namesOfChange(last, last.steps).filter(({ name }) => !names.has(name));
    return missing.length === 0 ? [] : [incomplete(last, missing)];
  });
}

function incomplete({ name, steps }: Counted, missing: readonly MigrationName[]): MigrateError {
  const classes = missing.map((one) => one.name).join(', ');
  return new MigrateError({
    code: 'CHANGE_INCOMPLETE',
    message: `The change ${name} consists of ${steps} classes, and ${classes} ${missing.length === 1 ? 'is' : 'are'} not here. Nothing was changed.`,
    next: `Add ${missing.length === 1 ? 'it' : 'them'} to the \`migrations\` of the data source, beside ${name}: the classes of a change are written to one file.`,
    migration: name,
  });
}
