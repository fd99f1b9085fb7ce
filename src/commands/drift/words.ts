import { tableOf } from '../../schema/differences.js';
import type { Difference } from '../../schema/differences.js';
import type { Fact } from '../../schema/engine.js';
import { describeObject } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { bothWays, excerpts } from './excerpts.js';
import { classify } from '../../sql/index.js';

const kindNames: Readonly<Record<string, string>> = {
  materializedView: 'materialized view',
  foreignTable: 'foreign table',
  eventTrigger: 'event trigger',
  fdw: 'foreign data wrapper',
  server: 'foreign server',
};

/** `column users.email`, `index users_email_idx on users`. */
export function nameOf(fact: Fact): string {
  const { id } = fact;
  const table = tableOf(fact);
  const kind = kindNames[id.kind] ?? id.kind;
  if (table === undefined || id.kind === 'column') return describeObject(id).replace(id.kind, kind);
  const on = withoutPublic({ schema: table.schema ?? 'public', name: table.name ?? '' });
  return `${kind} ${id.name ?? ''} on ${on}`;
}

/** The differences of an object that exists on both sides, one sentence for each property. */
export function sentencesOf({ from, to, properties }: Difference): readonly string[] {
  if (!from || !to) return [];
  const texts = properties.filter((name) => !isToldElsewhere(name, properties, from, to));
  return texts.flatMap((name) => sentences(name, from.payload[name], to.payload[name]));
}

/** A description of an object that exists on one side only. */
export function portrait({ id, payload }: Fact): string | undefined {
  if (id.kind === 'column') return `${typeName(payload['type'])}${payload['notNull'] === true ? ' NOT NULL' : ''}`;
  const whole = payload['parentTable'] as { readonly schema: string; readonly name: string } | null | undefined;
  if (whole) return `${payload['partitionBound'] ? 'a partition of' : 'inherits from'} ${withoutPublic(whole)}`;
  if (!['index', 'constraint', 'trigger'].includes(id.kind)) return undefined;
  const definition = plain(payload['def']);
  return payload['valid'] === false ? `${definition}, ${invalid}` : definition;
}

function withoutPublic({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}

/** A difference that is reported as a property of another object: the default of a column, a comment, an attribute of a type. */
export function sentenceAsPart({ id, from, to }: Difference): string {
  const there = (fact: Fact | undefined, property: string): unknown => fact?.payload[property];
  if (id.kind === 'default') return bothWays('default', there(from, 'expr') ?? 'none', there(to, 'expr') ?? 'none');
  if (id.kind === 'comment')
    return bothWays('comment', quoted(there(from, 'text')) ?? 'none', quoted(there(to, 'text')) ?? 'none');
  if (id.kind === 'typeAttribute')
    return bothWays(`attribute ${id.name ?? ''}`, typeName(there(from, 'type')), typeName(there(to, 'type')));
  const member = id.kind === 'publicationSchema' ? `schema ${id.schema}` : `table ${id.schema}.${id.table}`;
  return from && to
    ? `${member} is published differently`
    : `${member} published only ${from ? 'in the migrations' : 'in the database'}`;
}

export function isPart({ kind }: ObjectId): boolean {
  return ['default', 'comment', 'typeAttribute', 'publicationRel', 'publicationSchema'].includes(kind);
}

type Words = (value: unknown) => string;
const onOff =
  (on: string, off: string): Words =>
  (value) =>
    value === true ? on : off;
const invalid = 'invalid (as left by a failed CREATE INDEX CONCURRENTLY)';
const firing: Readonly<Record<string, string>> = { O: 'enabled', D: 'disabled', R: 'only on replicas', A: 'always' };

/** Properties whose values have descriptions of their own, so that the property is not named. */
const inWords: Readonly<Record<string, Words>> = {
  notNull: onOff('NOT NULL', 'nullable'),
  valid: onOff('valid', invalid),
  validated: onOff('validated', 'NOT VALID'),
  rowSecurity: onOff('row level security', 'no row level security'),
  forceRowSecurity: onOff('row level security also for the owner', 'not for the owner'),
  permissive: onOff('permissive', 'restrictive'),
  cycle: onOff('CYCLE', 'NO CYCLE'),
  enabled: (value) => firing[String(value)] ?? String(value),
  persistence: (value) => ({ p: 'logged', u: 'unlogged' })[String(value)] ?? String(value),
  generatedExpr: (value) => (value === null || value === undefined ? 'not generated' : `generated as ${plain(value)}`),
};

/** Names of properties. All others have the name from the catalog. */
const propertyNames: Readonly<Record<string, string>> = {
  def: '',
  expr: 'expression',
  usingExpr: 'USING',
  checkExpr: 'WITH CHECK',
  cmd: 'for',
  reloptions: 'storage parameters',
  partitionBound: 'partition',
  partitionKey: 'partition key',
  parentTable: 'partition of',
  baseType: 'type',
};

/** Some properties are also part of the whole definition, and the definition of a constraint ends with NOT VALID. */
function isToldElsewhere(name: string, properties: readonly string[], from: Fact, to: Fact): boolean {
  const definition = ({ payload }: Fact) => classify(String(payload['def']))[0]?.splitAt('NOT', 'VALID')[0];
  if (name === 'def') return properties.includes('validated') && definition(from) === definition(to);
  return ['returnType', 'language', 'argSignature', 'isWindow'].includes(name) && properties.includes('def');
}

function sentences(name: string, from: unknown, to: unknown): readonly string[] {
  const words = inWords[name];
  if (words) return [bothWays('', words(from), words(to))];
  if (name === 'identity') return [bothWays('', ...identities(from, to))];
  const label = propertyNames[name] ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (name === 'type' || name === 'baseType') return [bothWays(label, typeName(from), typeName(to))];
  if (plain(from) === plain(to)) return [`${label} differs in white space only`.trimStart()];
  const [before, after] = excerpts(plain(from), plain(to));
  if (!sql.has(name)) return [bothWays(label, before, after)];
  // SQL in a sentence could not be told apart from the words.
  return [`${label} in the migrations: ${before}`.trimStart(), `${label} in the database: ${after}`.trimStart()];
}

const sql = new Set(['def', 'usingExpr', 'checkExpr']);

interface Identity {
  readonly generation?: unknown;
  readonly options?: Readonly<Record<string, unknown>> | null;
}

/** Includes the options only if they differ. */
function identities(from: unknown, to: unknown): readonly [string, string] {
  const [one, other] = [from as Identity | null, to as Identity | null];
  const words = (own: Identity | null, than: Identity | null): string => {
    if (own === null) return 'no identity';
    const options = Object.entries(own.options ?? {}).filter(
      ([name, value]) => than?.options && than.options[name] !== value,
    );
    const said = options.map(([name, value]) => ` ${name} ${plain(value)}`).join('');
    return `identity ${own.generation === 'a' ? 'ALWAYS' : 'BY DEFAULT'}${said}`;
  };
  return [words(one, other), words(other, one)];
}

/** The short form of a type: `varchar(50)`. */
function typeName(value: unknown): string {
  if (typeof value !== 'string') return 'none';
  return value
    .replace(/\bcharacter varying\b/, 'varchar')
    .replace(/\btimestamp(\(\d\))? with time zone\b/, 'timestamptz$1')
    .replace(/\btimestamp(\(\d\))? without time zone\b/, 'timestamp$1');
}

function quoted(value: unknown): string | undefined {
  return typeof value === 'string' ? `'${plain(value)}'` : undefined;
}

function plain(value: unknown): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return 'none';
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'string' ? value.replace(/\s+/g, ' ').replace(/;? ?$/, '').trim() : JSON.stringify(value);
}
