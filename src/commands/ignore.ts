import { ExitCode, MigrateError } from '../errors.js';
import { ignorableKinds, ignoreProblem, ofOtherPrograms } from '../ignorable.js';
import type { IgnorableKind } from '../ignorable.js';
import { isPartOf, tableOf } from '../schema/differences.js';
import type { Fact } from '../schema/engine.js';
import { objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';

/** The patterns of objects to ignore. */
export interface Ignored {
  names(fact: Fact): boolean;
  /** The patterns that match nothing in these schemas. */
  idle(schemas: readonly Schema[]): readonly string[];
}

export function ignoring(fromSettings: readonly string[], fromFlags: readonly string[]): Ignored {
  const problems = fromFlags.flatMap((pattern) => ignoreProblem(pattern) ?? []);
  if (problems.length > 0) throw wrongPattern(problems);
  return matching([...new Set([...fromSettings, ...fromFlags])]);
}

/** Warns of patterns that match nothing, which may be mistyped. */
export function remarksOnIdle(ignored: Ignored, schemas: readonly Schema[]): readonly string[] {
  return ignored.idle(schemas).map((pattern) => `Nothing matches the ignore pattern ${pattern}.`);
}

function matching(texts: readonly string[]): Ignored {
  const patterns = texts.map((text) => ({ text, matches: matcher(text) }));
  return {
    names: (fact) => patterns.some(({ matches }) => matches(fact)),
    idle: (schemas) => {
      const facts = schemas.flatMap((schema) => schema.facts);
      return patterns.filter(({ matches }) => !facts.some(matches)).map(({ text }) => text);
    },
  };
}

/** Objects that exist although nothing here creates them: objects of other programs, and partitions that are created at run time. */
export function foreignTo(made: Schema): (fact: Fact) => boolean {
  const others = matching(ofOtherPrograms);
  return (fact) => !made.has(fact.id) && (others.names(fact) || isPartitionOf(fact, made));
}

function isPartitionOf({ payload: { partitionBound, parentTable } }: Fact, made: Schema): boolean {
  const whole = parentTable as { readonly schema: string; readonly name: string } | null | undefined;
  return (
    (partitionBound ?? undefined) !== undefined && !!whole && made.has(objectId('table', whole.schema, whole.name))
  );
}

/** Whether an object, or one that it belongs to, is ignored. */
export function isLeftAlone(ignored: Ignored, isForeign: (fact: Fact) => boolean) {
  return (fact: Fact, schema: Schema): boolean => isPartOf(fact, schema, (one) => ignored.names(one) || isForeign(one));
}

function wrongPattern(problems: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: `--ignore ${problems.join('\n--ignore ')}`,
    next: `For example: --ignore 'schema:audit' --ignore 'table:public.events_*' --ignore 'index:*_adhoc_idx'`,
    exitCode: ExitCode.usage,
  });
}

const kindsOfFacts: Readonly<Record<string, IgnorableKind>> = {
  foreignTable: 'table',
  default: 'column',
  materializedView: 'view',
  domain: 'type',
  typeAttribute: 'type',
  procedure: 'function',
  aggregate: 'function',
  eventTrigger: 'event-trigger',
  publicationRel: 'publication',
  publicationSchema: 'publication',
};

export function ignorableKind({ kind }: ObjectId): IgnorableKind {
  return kindsOfFacts[kind] ?? ignorableKinds.find((one) => one === kind) ?? 'comment';
}

/** The kinds that a pattern without a kind can match. */
const whole: ReadonlySet<IgnorableKind> = new Set(['table', 'view', 'sequence', 'type', 'function']);

/**
 * A star matches any characters of one name. A pattern with a kind may omit names on the left, such as the schema, and then matches any.
 */
function matcher(text: string): (fact: Fact) => boolean {
  const colon = text.indexOf(':');
  const parts = text
    .slice(colon + 1)
    .split('.')
    .map((part) => new RegExp(`^${part.split('*').map(literally).join('.*')}$`, 's'));
  const fits = (path: readonly string[]): boolean =>
    path.length >= parts.length &&
    path.slice(path.length - parts.length).every((name, index) => parts[index]?.test(name) === true);
  if (colon === -1) return ({ id }) => whole.has(ignorableKind(id)) && fits([id.schema ?? '', id.name ?? '']);
  const kind = text.slice(0, colon);
  return (fact) => ignorableKind(fact.id) === kind && pathsOf(fact).some(fits);
}

/** An index can be named with its table, or without it as in PostgreSQL. */
function pathsOf(fact: Fact): readonly (readonly string[])[] {
  const id = fact.id.target ?? fact.id;
  const { schema, name = '' } = id;
  const place = schema === undefined ? [] : [schema];
  const table = tableOf({ ...fact, id })?.name;
  return [[...place, name], ...(table === undefined ? [] : [[...place, table, name]])].filter(
    (path) => id.table === undefined || path.length === place.length + 2,
  );
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
