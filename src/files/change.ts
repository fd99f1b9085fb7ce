import { MigrateError } from '../errors.js';
import { timestampOf } from './name.js';
import type { MigrationName } from './name.js';

/**
 * The migrations that belong together, in order. They are recognised by name, so that applied files need not be loaded and classes in a
 * bundle are grouped too. A change is named after its last migration, `<Name><timestamp>`; the migrations before it are `<Name>Step1`,
 * `<Name>Step2`, … with the timestamps just before.
 */
export interface Change<Migration> {
  /** The name of its last migration, or of the last one that exists. */
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** The names of the `count` migrations of a change, given the name of the last one. */
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

/** Finds migrations that may be steps of a change, by title and step number. */
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

  /** The existing migrations that come before the last one of a change. */
  before(last: MigrationName): readonly Migration[] {
    if (this.#last.size === 0) return [];
    const count = this.#last.get(`${titleIn(last.name)} ${last.timestamp - 1}`) ?? 0;
    const names = namesOfChange(last, count + 1).slice(0, -1);
    return names.flatMap(({ name }) => this.#byName.get(name) ?? []);
  }
}

/** Groups sorted migrations into changes. */
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

/** A migration that states how many migrations its change consists of. */
interface Counted extends MigrationName {
  readonly steps: number | undefined;
}

/** Reports the changes that lack one of their migrations. */
export function incompleteIn(migrations: readonly Counted[]): readonly MigrateError[] {
  const lasts = migrations.filter(({ steps }) => steps !== undefined && steps > 1);
  if (lasts.length === 0) return [];
  const names = new Set(migrations.map(({ name }) => name));
  return lasts.flatMap((last) => {
    const missing = namesOfChange(last, last.steps ?? 1).filter(({ name }) => !names.has(name));
    return missing.length === 0 ? [] : [incomplete(last, missing)];
  });
}

function incomplete({ name, steps }: Counted, missing: readonly MigrationName[]): MigrateError {
  const classes = missing.map((one) => one.name).join(', ');
  return new MigrateError({
    code: 'CHANGE_INCOMPLETE',
    message: `The change ${name} consists of ${steps} classes, but ${classes} ${missing.length === 1 ? 'is' : 'are'} missing. Nothing was changed.`,
    next: `Add ${missing.length === 1 ? 'it' : 'them'} to the \`migrations\` of the data source, beside ${name}: the classes of a change are written to one file.`,
    migration: name,
  });
}
