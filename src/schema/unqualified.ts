import { plainName, sqlTokens } from '../sql/index.js';
import type { SqlToken } from '../sql/index.js';
import type { Dependency, Fact } from './engine.js';
import type { ObjectId } from './object-id.js';
import type { Session } from './settle.js';

/** The names of the members of extensions, by their schemas. */
export type Members = ReadonlyMap<string, ReadonlySet<string>>;

/** What the engine has read. */
interface AsRead {
  readonly facts: readonly Fact[];
  readonly edges: readonly Dependency[];
}

/** A member that is found without its schema. A name that a relation also has is left alone, since a column may follow it. */
const membersSql = `WITH member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  ), placed AS MATERIALIZED (
    SELECT pronamespace AS place, proname AS name, oid, classid FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
    UNION ALL SELECT typnamespace, typname, oid, classid FROM pg_type JOIN member ON classid = 'pg_type'::regclass AND objid = oid AND typtype <> 'c'
    UNION ALL SELECT oprnamespace, oprname, oid, classid FROM pg_operator JOIN member ON classid = 'pg_operator'::regclass AND objid = oid
    UNION ALL SELECT opcnamespace, opcname, oid, classid FROM pg_opclass JOIN member ON classid = 'pg_opclass'::regclass AND objid = oid
  )
  SELECT n.nspname AS schema, json_agg(DISTINCT p.name) AS names FROM placed p JOIN pg_namespace n ON n.oid = p.place
  WHERE n.nspname <> 'pg_catalog' AND CASE p.classid
      WHEN 'pg_proc'::regclass THEN pg_function_is_visible(p.oid)
        AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = p.place AND c.relname = p.name)
      WHEN 'pg_type'::regclass THEN pg_type_is_visible(p.oid)
      WHEN 'pg_operator'::regclass THEN pg_operator_is_visible(p.oid)
      ELSE pg_opclass_is_visible(p.oid) END
  GROUP BY 1`;

export async function readMembers(session: Session): Promise<Members> {
  const { rows } = await session.query(membersSql);
  return new Map(rows.map(({ schema, names }) => [String(schema), new Set(names as readonly string[])]));
}

/**
 * The functions, types, operators and operator classes of extensions without their schema, where the session finds them without it: servers
 * have extensions in schemas of their own, and what migrations say of them must hold on each.
 */
export function unqualified(catalog: AsRead, members: Members): AsRead {
  if (members.size === 0) return catalog;
  const schemas = [...members.keys()];
  const text = (sql: string): string =>
    schemas.some((schema) => sql.includes(schema)) ? shortened(sql, members) : sql;
  const ofId = (id: ObjectId): ObjectId => {
    if (id.target === undefined && !id.args?.some((type) => text(type) !== type)) return id;
    return { ...id, ...(id.target && { target: ofId(id.target) }), ...(id.args && { args: id.args.map(text) }) };
  };
  const ofFact = ({ id, parent, payload }: Fact): Fact => ({
    id: ofId(id),
    ...(parent && { parent: ofId(parent) }),
    payload: id.kind === 'comment' ? payload : withTexts(payload, text),
  });
  return {
    facts: catalog.facts.map(ofFact),
    edges: catalog.edges.map(({ from, to, ...rest }) => ({ ...rest, from: ofId(from), to: ofId(to) })),
  };
}

function withTexts(payload: Fact['payload'], text: (sql: string) => string): Fact['payload'] {
  const changed = Object.entries(payload).flatMap(([name, value]) => {
    const short = typeof value === 'string' ? text(value) : value;
    return short === value ? [] : [[name, short] as const];
  });
  return changed.length === 0 ? payload : { ...payload, ...Object.fromEntries(changed) };
}

function shortened(sql: string, members: Members): string {
  const tokens = [...sqlTokens(sql)];
  const parts: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const operator = operatorAt(tokens, at, members);
    if (operator !== undefined) {
      parts.push(operator);
      at += 5;
    } else {
      if (isMember(tokens, at, members)) at += 2;
      parts.push(tokens[at]?.text ?? '');
    }
  }
  return parts.join('');
}

function isMember(tokens: readonly SqlToken[], at: number, members: Members): boolean {
  const [schema, dot, name] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (schema === undefined || !isName(schema) || dot?.text !== '.' || name === undefined) return false;
  return members.get(plainName(schema.text))?.has(isName(name) ? plainName(name.text) : name.text) === true;
}

function operatorAt(tokens: readonly SqlToken[], at: number, members: Members): string | undefined {
  if (tokens[at]?.text !== 'OPERATOR' || tokens[at + 1]?.text !== '(' || tokens[at + 5]?.text !== ')') return undefined;
  return isMember(tokens, at + 2, members) ? tokens[at + 4]?.text : undefined;
}

function isName({ kind }: SqlToken): boolean {
  return kind === 'word' || kind === 'name';
}
