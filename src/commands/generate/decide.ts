import { ExitCode, MigrateError } from '../../errors.js';
import { existingTable } from '../../plan/context.js';
import { columnPath } from '../../schema/object-id.js';
import type { Decisions, PlanContext } from '../../plan/context.js';
import { becomesNotNull, mayMissValues } from '../../plan/recipes/become-not-null.js';
import { needsBackfill } from '../../plan/recipes/columns.js';
import { isFreed } from '../../plan/recipes/generated-column.js';
import type { Rename } from '../../plan/renames.js';
import { columnOf } from '../../schema/column.js';
import type { Change } from '../../schema/change.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { isText, needsTimeZone, valueType } from '../../schema/value-type.js';
import { quoteName } from '../../sql/index.js';
import type { GenerateOptions } from './types.js';
import type { History } from '../../snapshot/history.js';

export interface Question {
  readonly from: Schema;
  readonly to: Schema;
  readonly options: GenerateOptions;
  readonly given: GivenExpressions;
  readonly history: History;
  readonly renames: readonly Rename[];
  readonly tryType: PlanContext['tryType'];
  readonly hasCast: (from: string, to: string) => Promise<boolean>;
}

export interface GivenExpressions {
  readonly backfills: ReadonlyMap<string, string>;
  readonly usings: ReadonlyMap<string, string>;
}

export function readFlags({ backfills, usings }: GenerateOptions): GivenExpressions {
  return { backfills: pairs(backfills, '--backfill'), usings: pairs(usings, '--using') };
}

/** A question that only the author of the change can answer. */
export interface OpenQuestion {
  /** The column that it concerns, as `table.column`. */
  readonly about?: string;
  readonly message: string;
  /** The exact flags to type, one for each possible answer. */
  readonly flags: readonly string[];
  /** What would make the question needless. */
  readonly instead?: string;
}

/**
 * Collects the answers that no tool can know, from flags, decorators, or the user. If one is missing, throws an error that lists the flags
 * to type.
 */
export async function decide(changes: readonly Change[], question: Question): Promise<Decisions> {
  const { options, given, history, renames } = question;
  const decisions: Mutable = {
    backfill: new Map([...history.backfills, ...given.backfills]),
    using: new Map(given.usings),
    storedTimezone: options.storedTimezone,
    renames,
  };
  const open: OpenQuestion[] = [];
  const columns = columnsToFill(changes, question, decisions);
  for (const { path, type, isNew, isKey, fallback } of columns.filter(({ isOpen }) => isOpen)) {
    const answer = await options.ask?.text(
      isNew
        ? `${path} (${type}) is a new NOT NULL column without a default. Which value do existing rows get? An SQL expression:`
        : `${path} (${type}) becomes NOT NULL. Which value replaces existing NULLs? An SQL expression, or NULL if there are none:`,
    );
    if (answer?.trim()) decisions.backfill.set(path, answer.trim());
    else open.push(isNew ? newColumnQuestion(path, type) : notNullQuestion(path, fallback ?? exampleOf(type), isKey));
  }
  for (const { column, from, to, zoned } of typeChanges(question)) {
    const path = columnPath(column);
    if (zoned && decisions.storedTimezone === undefined && !decisions.using.has(path)) {
      const answer = await options.ask?.text(
        `${path} changes from ${from} to ${to}. Which time zone are the values without one in? For example UTC:`,
      );
      if (answer?.trim()) decisions.storedTimezone = answer.trim();
      else open.push(zoneQuestion(path, from, to));
    } else if (!zoned && !decisions.using.has(path)) {
      const answer = await options.ask?.text(
        `${path} changes from ${from} to ${to}, which PostgreSQL cannot convert by itself. An SQL expression of the old value:`,
      );
      if (answer?.trim()) decisions.using.set(path, answer.trim());
      else open.push(await usingQuestion(column, from, to, question));
    }
  }
  if (open.length > 0) throw decisionNeeded(open);
  return decisions;
}

interface Mutable extends Decisions {
  readonly backfill: Map<string, string>;
  readonly using: Map<string, string>;
  storedTimezone: string | undefined;
}

interface ColumnToFill {
  readonly path: string;
  readonly type: string;
  readonly isNew: boolean;
  /** Whether it belongs to the primary key, as the columns of a join table do. */
  readonly isKey: boolean;
  readonly fallback: string | undefined;
  /** Whether nothing says yet how to fill it. */
  readonly isOpen: boolean;
}

/** Columns in tables with rows that are new or become NOT NULL. */
function columnsToFill(
  changes: readonly Change[],
  { from, to, tryType }: Question,
  decisions: Decisions,
): readonly ColumnToFill[] {
  const context: PlanContext = { from, to, decisions, targetVersion: 15, tryType };
  const found = changes.flatMap((change) => {
    return [
      ...(change.kind === 'add column' ? [change.id] : []),
      ...change.uses.filter((id) => becomesNotNull(id, context)),
    ];
  });
  const ids = new Map(found.filter((id) => existingTable(id, context)).map((id) => [columnPath(id), id]));
  return [...ids].flatMap(([path, id]): readonly ColumnToFill[] => {
    if (isFreed(id, context)) return [];
    const { type = '', default: fallback } = columnOf(to, id) ?? {};
    const isNew = !becomesNotNull(id, context);
    const isNeeded = isNew ? needsBackfill(id, context) : mayMissValues(id, context);
    return [
      { path, type, isNew, isKey: isInPrimaryKey(id, to), fallback, isOpen: isNeeded && !decisions.backfill.has(path) },
    ];
  });
}

function isInPrimaryKey(column: ObjectId, schema: Schema): boolean {
  return schema.neededBy(column).some((id) => id.kind === 'constraint' && schema.get(id)?.is['type'] === 'p');
}

interface AskedType {
  readonly column: ObjectId;
  readonly from: string;
  readonly to: string;
  /** Whether only one of them has a time zone: PostgreSQL converts by itself, but the result may be wrong by hours. */
  readonly zoned: boolean;
}

function typeChanges({ from, to, tryType }: Question): readonly AskedType[] {
  return to.objects.flatMap(({ id }): readonly AskedType[] => {
    const [before, after] = [columnOf(from, id), columnOf(to, id)];
    if (!before || !after || before.type === after.type || before.automatic || after.automatic) return [];
    const asked = { column: id, from: before.type, to: after.type };
    if (needsTimeZone(valueType(before.type), valueType(after.type))) return [{ ...asked, zoned: true }];
    const isEnum = [from, to].some((schema) => schema.needs(id).some((needed) => needed.kind === 'type'));
    const how = tryType({ type: before.type, expr: before.default }, { type: after.type, expr: after.default });
    return how === 'needs-using' && !isEnum ? [{ ...asked, zoned: false }] : [];
  });
}

function newColumnQuestion(path: string, type: string): OpenQuestion {
  return {
    about: path,
    message: `${path} is a new NOT NULL column without a default: which value do existing rows get?`,
    flags: [
      `--backfill ${inShell(`${path}=${exampleOf(type)}`)}   (any SQL expression, also of other columns; or @Backfill on the property)`,
    ],
  };
}

function notNullQuestion(path: string, example: string, isKey: boolean): OpenQuestion {
  return {
    message: `${path} becomes NOT NULL: which value replaces existing NULLs?`,
    flags: [
      `--backfill ${inShell(`${path}=${example}`)}   (any SQL expression, also of other columns; or @Backfill on the property)`,
      `--backfill ${inShell(`${path}=NULL`)}   (there are no NULLs, and the old version of the app writes none)`,
    ],
    ...(!isKey && { instead: 'Or, if the column may stay NULL: nullable: true in the entity' }),
  };
}

function zoneQuestion(path: string, from: string, to: string): OpenQuestion {
  return {
    message: `${path} changes from ${from} to ${to}: which time zone are the ${from.includes('with time') ? 'new' : 'stored'} values in?`,
    flags: ['--stored-timezone UTC   (or the time zone that the app means by values without one)'],
  };
}

async function usingQuestion(
  column: ObjectId,
  from: string,
  to: string,
  { hasCast }: Pick<Question, 'hasCast'>,
): Promise<OpenQuestion> {
  const path = columnPath(column);
  const name = quoteName(column.name ?? '');
  const expression = isList(from, to)
    ? `string_to_array(${name}, ',')${to === 'text[]' ? '' : `::${to}`}`
    : (await hasCast(from, to))
      ? `${name}::${to}`
      : undefined;
  return {
    message: `${path} changes from ${from} to ${to}, which PostgreSQL cannot convert by itself.`,
    flags: [
      expression === undefined
        ? `--using ${inShell(`${path}=…`)}   (an SQL expression of the old value; there is no cast from ${from} to ${to})`
        : `--using ${inShell(`${path}=${expression}`)}   (any SQL expression of the old value)`,
    ],
  };
}

/** A text that becomes an array: TypeORM stores a simple-array with commas, without the braces that a cast would require. */
function isList(from: string, to: string): boolean {
  return isText(valueType(from)) && valueType(to).isArray;
}

/** A POSIX shell reads these characters also inside double quotes. */
export function inShell(text: string): string {
  return `"${text.replace(/["$`\\]/g, '\\$&')}"`;
}

const openIn = new WeakMap<object, readonly OpenQuestion[]>();

/** The open questions of an error; undefined for any other error. */
export function questionsOf(error: unknown): readonly OpenQuestion[] | undefined {
  return typeof error === 'object' && error !== null ? openIn.get(error) : undefined;
}

export function decisionNeeded(open: readonly OpenQuestion[]): MigrateError {
  const error = new MigrateError({
    code: 'DECISION_NEEDED',
    message: [...open.map(({ message }) => message), 'Nothing was written.'].join('\n'),
    next: [
      'Add to the command:',
      ...new Set(open.flatMap(({ flags }) => flags)),
      ...new Set(open.flatMap(({ instead }) => instead ?? [])),
    ].join('\n'),
    exitCode: ExitCode.todo,
  });
  openIn.set(error, open);
  return error;
}

function exampleOf(type: string): string {
  if (/int|numeric|double|real/.test(type)) return '0';
  if (type.startsWith('bool')) return 'false';
  return /time|date/.test(type) ? 'now()' : "'…'";
}

function pairs(given: readonly string[] = [], flag: string): Map<string, string> {
  return new Map(
    given.map((text): [string, string] => {
      const at = text.indexOf('=');
      const [path, expression] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      if (at > 0 && path.includes('.') && expression !== '') return [path, expression];
      throw new MigrateError({
        code: 'USAGE',
        message: `${flag} must be <table>.<column>=<expression>, but is "${text}".`,
        next: `For example: ${flag} "users.country='DE'"`,
        exitCode: ExitCode.usage,
      });
    }),
  );
}
