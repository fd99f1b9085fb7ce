import { ExitCode, MigrateError } from '../../errors.js';
import { ignorableKinds, ignoreProblem } from '../../ignorable.js';
import type { IgnorableKind } from '../../ignorable.js';
import { tableOf } from '../../schema/differences.js';
import type { Fact } from '../../schema/engine.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';

/** Knows what a user wants to have left alone. */
export interface Ignored {
  names(fact: Fact): boolean;
  /** The patterns that name nothing in any of these schemas. */
  idle(schemas: readonly Schema[]): readonly string[];
}

export function ignoring(fromSettings: readonly string[], fromFlags: readonly string[]): Ignored {
  const problems = fromFlags.flatMap((pattern) => ignoreProblem(pattern) ?? []);
  if (problems.length > 0) throw wrongPattern(problems);
  const patterns = [...new Set([...fromSettings, ...fromFlags])].map((text) => ({ text, matches: matcher(text) }));
  return {
    names: (fact) => patterns.some(({ matches }) => matches(fact)),
    idle: (schemas) => {
      const facts = schemas.flatMap((schema) => schema.facts);
      return patterns.filter(({ matches }) => !facts.some(matches)).map(({ text }) => text);
    },
  };
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

/** A star stands for any characters of one name; what is left out on the left, the schema first, is any. */
function matcher(text: string): (fact: Fact) => boolean {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  const parts = text
    .slice(colon + 1)
    .split('.')
    .map((part) => new RegExp(`^${part.split('*').map(literally).join('.*')}$`, 's'));
  const fits = (path: readonly string[]): boolean =>
    path.length >= parts.length &&
    path.slice(path.length - parts.length).every((name, index) => parts[index]?.test(name) === true);
  return (fact) => ignorableKind(fact.id) === kind && pathsOf(fact).some(fits);
}

/** An index can be named with its table, or as PostgreSQL does, without. */
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
