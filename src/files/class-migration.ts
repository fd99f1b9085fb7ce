import type { MigrationInterface } from 'typeorm';
import { MigrateError } from '../errors.js';
import { carryingOut } from './carried-out.js';
import { recordedDown } from './kept-down.js';
import type { LoadedMigration, MigrationClass, Runnable } from './migration.js';
import { timestampOf } from './name.js';
import { phaseOf } from './phase.js';
import { executeUsersCode } from './users-code.js';

/** A class is a migration if it has an `up` method or is named like one. Only migrations are ever instantiated. */
export function isMigrationClass(value: unknown): value is MigrationClass {
  if (typeof value !== 'function' || typeof value.prototype !== 'object' || value.prototype === null) return false;
  if (typeof (value.prototype as Partial<MigrationInterface>).up === 'function') return true;
  // Methods written as properties (`up = async () => …`) exist on instances only.
  return timestampOf(value.name) !== undefined && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Creates a migration from its class. One with dependencies is known by its class name, since it cannot be instantiated yet. */
export function classMigration(migrationClass: MigrationClass, file: string | undefined): LoadedMigration {
  const injected = isInjected(migrationClass);
  const instance = injected ? undefined : (instanceOf(migrationClass) as Partial<MigrationInterface>);
  const name = instance?.name ?? migrationClass.name;
  const timestamp = timestampOf(name);
  if (timestamp === undefined) throw wrongName(name, file);
  if (instance !== undefined && typeof instance.up !== 'function') throw withoutUp(name, file);
  return {
    name,
    timestamp,
    file,
    checksum: undefined,
    phase: phaseOf(phaseMark(migrationClass, instance), name, file),
    marksPhase: phaseMark(migrationClass, instance) !== undefined,
    byHand: (migrationClass as { readonly byHand?: unknown }).byHand === true,
    steps: stepsOf(migrationClass),
    prepare: async (queryRunner, instantiate, purpose) => {
      const made = injected ? await instantiate(migrationClass, queryRunner, purpose) : instanceOf(migrationClass);
      return runnable(made, migrationClass, file);
    },
  };
}

/**
 * Whether anything is injected into its constructor, which may be inherited, or into its properties with `@Inject`. The decorators leave
 * metadata if reflect-metadata is loaded.
 */
export function isInjected(migrationClass: MigrationClass): boolean {
  const { getMetadata } = Reflect as { readonly getMetadata?: (key: string, target: object) => unknown };
  const isMarked = (key: string): boolean => {
    const mark: unknown = getMetadata?.(key, migrationClass);
    return Array.isArray(mark) && mark.length > 0;
  };
  return migrationClass.length > 0 || isMarked('design:paramtypes') || isMarked('self:properties_metadata');
}

/** The phase is a static property in generated files, and may be an instance property, like `transaction`. */
function phaseMark(migrationClass: MigrationClass, instance: object | undefined): unknown {
  const [own, made] = [migrationClass, instance] as readonly ({ readonly phase?: unknown } | undefined)[];
  return own?.phase ?? made?.phase;
}

/** The number of migrations in its change, which a generated class states. */
function stepsOf(migrationClass: MigrationClass): number | undefined {
  const { steps } = migrationClass as { readonly steps?: unknown };
  return typeof steps === 'number' ? steps : undefined;
}

export function instanceOf(migrationClass: MigrationClass): object {
  return new (migrationClass as unknown as new () => object)();
}

function runnable(
  instance: Partial<MigrationInterface>,
  migrationClass: MigrationClass,
  file: string | undefined,
): Runnable {
  const { up, down } = instance;
  if (typeof up !== 'function') throw withoutUp(migrationClass.name, file);
  const ownStatic = (migrationClass as { readonly transaction?: unknown }).transaction;
  const transaction = instance.transaction ?? (typeof ownStatic === 'boolean' ? ownStatic : undefined);
  return {
    transaction,
    up: (queryRunner) => executeUsersCode(queryRunner, () => up.call(instance, carryingOut(queryRunner))),
    down:
      typeof down === 'function'
        ? (queryRunner) => executeUsersCode(queryRunner, () => down.call(instance, carryingOut(queryRunner)))
        : undefined,
    ...(typeof down === 'function' && { keptDown: () => recordedDown(down) }),
  };
}

function wrongName(name: string, file: string | undefined): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `The migration class ${name || '(without a name)'}${inFile(file)} must end in a 13-digit timestamp, as in AddUsers1700000000000.`,
    next: 'Rename the class, or create a new file: nest-migrate create AddUsers',
  });
}

function withoutUp(name: string, file: string | undefined): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `The migration class ${name}${inFile(file)} has no up method.`,
    next: 'Give it `async up(queryRunner) { … }`, or, if it is not a migration, rename it: a class whose name ends in 13 digits counts as one.',
    migration: name,
  });
}

function inFile(file: string | undefined): string {
  return file === undefined ? '' : ` in ${file}`;
}
