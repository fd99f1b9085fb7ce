/** The statements that have to be executed to see what has changed, and the tables whose objects then are to be taken from there. */
export interface EntityChanges {
  readonly statements: readonly string[];
  /** As `"schema"."name"`, or `"name"`. */
  readonly tables: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
}

interface Parsed {
  readonly kind: 'type' | 'table' | 'part';
  /** The table, or the type, in quotes. */
  readonly about: string;
  readonly refersTo: string | undefined;
}

const name = String.raw`((?:"(?:[^"]|"")+"\.)?"(?:[^"]|"")+")`;
const forms: readonly (readonly [Parsed['kind'], RegExp])[] = [
  ['type', new RegExp(`^CREATE TYPE ${name} `)],
  ['table', new RegExp(`^CREATE TABLE ${name} `)],
  ['part', new RegExp(`^CREATE (?:UNIQUE )?INDEX ${name} ON ${name} `)],
  ['part', new RegExp(`^ALTER TABLE ${name} ADD CONSTRAINT `)],
  ['part', new RegExp(`^COMMENT ON TABLE ${name} IS `)],
];
const references = new RegExp(` REFERENCES ${name}`);

/**
 * Where a few tables have changed among many, only those are created anew, with the ones that they refer to. Undefined when something has
 * changed that is not a table, an index, a foreign key or an enum, or when it is most of them: then everything is.
 */
export function entityChanges(before: readonly string[], now: readonly string[]): EntityChanges | undefined {
  const [old, current] = [new Set(before), new Set(now)];
  const changed = [...before.filter((sql) => !current.has(sql)), ...now.filter((sql) => !old.has(sql))];
  const parsed = changed.map(parse);
  if (parsed.some((one) => one === undefined)) return undefined;
  const known = parsed.filter((one) => one !== undefined);
  const types = new Set(known.filter(({ kind }) => kind === 'type').map(({ about }) => about));
  const tables = new Set(known.filter(({ kind }) => kind !== 'type').map(({ about }) => about));
  for (const sql of now) {
    const one = parse(sql);
    if (one?.kind === 'table' && [...types].some((type) => sql.includes(type))) tables.add(one.about);
  }
  const all = now.map((sql) => ({ sql, one: parse(sql) }));
  const count = all.filter(({ one }) => one?.kind === 'table').length;
  if (tables.size * 2 > count) return undefined;
  const needed = new Set([
    ...tables,
    ...all.flatMap(({ one }) => (one?.kind === 'part' && tables.has(one.about) && one.refersTo ? [one.refersTo] : [])),
  ]);
  const creations = all.filter(({ one }) => one?.kind === 'table' && needed.has(one.about)).map(({ sql }) => sql);
  const statements = all
    .filter(({ sql, one }) => {
      if (one === undefined) return !/^CREATE (?:MATERIALIZED )?VIEW |^INSERT INTO /.test(sql);
      if (one.kind === 'type') return creations.some((creation) => creation.includes(one.about));
      return one.kind === 'table' ? needed.has(one.about) : tables.has(one.about);
    })
    .map(({ sql }) => sql);
  const used = all.filter(
    ({ sql, one }) => one?.kind === 'type' && creations.some((creation) => creation.includes(one.about)) && sql !== '',
  );
  return { statements, tables, types: new Set([...types, ...used.flatMap(({ one }) => (one ? [one.about] : []))]) };
}

function parse(sql: string): Parsed | undefined {
  for (const [kind, form] of forms) {
    const match = form.exec(sql);
    if (match) return { kind, about: match[2] ?? match[1] ?? '', refersTo: references.exec(sql)?.[1] };
  }
  const column = new RegExp(`^COMMENT ON COLUMN ${name}\\."`).exec(sql)?.[1];
  return column === undefined ? undefined : { kind: 'part', about: column, refersTo: undefined };
}
