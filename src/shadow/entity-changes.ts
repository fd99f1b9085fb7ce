import { classify, commandOf, quoteName } from '../sql/index.js';

/** The statements to execute in order to read the changes, and the tables whose objects are then taken from the result. */
export interface EntityChanges {
  readonly statements: readonly string[];
  /** The table as `"schema"."name"`, or `"name"`. */
  readonly tables: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
}

interface Parsed {
  readonly kind: 'type' | 'table' | 'part';
  /** The table, or the type, in quotes. */
  readonly about: string;
  readonly refersTo: string | undefined;
}

/**
 * If a few tables among many have changed, only these and the tables that they refer to are created again. Undefined if anything other
 * than a table, an index, a foreign key or an enum has changed, or most of the tables: then everything is created again.
 */
export function entityChanges(before: readonly string[], now: readonly string[]): EntityChanges | undefined {
  const [old, current] = [new Set(before), new Set(now)];
  const changed = [...before.filter((sql) => !current.has(sql)), ...now.filter((sql) => !old.has(sql))];
  const parsed = changed.map(parse);
  if (parsed.some((one) => one === undefined)) return undefined;
  const known = parsed.filter((one) => one !== undefined);
  const types = new Set(known.filter(({ kind }) => kind === 'type').map(({ about }) => about));
  const tables = new Set(known.filter(({ kind }) => kind !== 'type').map(({ about }) => about));
  const all = now.map((sql) => ({ sql, one: parse(sql) }));
  for (const { sql, one } of all)
    if (one?.kind === 'table' && [...types].some((type) => sql.includes(type))) tables.add(one.about);
  const count = all.filter(({ one }) => one?.kind === 'table').length;
  if (tables.size * 2 > count) return undefined;
  const needed = new Set([
    ...tables,
    ...all.flatMap(({ one }) => (one?.kind === 'part' && tables.has(one.about) && one.refersTo ? [one.refersTo] : [])),
  ]);
  const creations = all.filter(({ one }) => one?.kind === 'table' && needed.has(one.about)).map(({ sql }) => sql);
  const statements = all
    .filter(({ sql, one }) => {
      if (one === undefined) return !withoutTables.has(commandOf(sql).command);
      if (one.kind === 'type') return creations.some((creation) => creation.includes(one.about));
      return one.kind === 'table' ? needed.has(one.about) : tables.has(one.about);
    })
    .map(({ sql }) => sql);
  const used = all.filter(
    ({ sql, one }) => one?.kind === 'type' && creations.some((creation) => creation.includes(one.about)) && sql !== '',
  );
  return { statements, tables, types: new Set([...types, ...used.flatMap(({ one }) => (one ? [one.about] : []))]) };
}

/** Statements for objects outside of tables, which can be skipped if only tables have changed. */
const withoutTables = new Set(['CREATE VIEW', 'CREATE MATERIALIZED VIEW', 'INSERT INTO']);

function parse(sql: string): Parsed | undefined {
  const { command, name, on } = commandOf(sql);
  const part = (about: readonly string[] | undefined, refersTo?: readonly string[]): Parsed => ({
    kind: 'part',
    about: inQuotes(about),
    refersTo: refersTo && inQuotes(refersTo),
  });
  if (command === 'CREATE TYPE') return { ...part(name), kind: 'type' };
  if (command === 'CREATE TABLE') return { ...part(name), kind: 'table' };
  if (command === 'CREATE INDEX') return part(on);
  if (command === 'COMMENT ON TABLE') return part(name);
  if (command === 'COMMENT ON COLUMN') return part(name?.slice(0, -1));
  const [alter] = command === 'ALTER TABLE' ? classify(sql) : [];
  return alter?.mentions('ADD', 'CONSTRAINT') ? part(name, alter.nameAfter('REFERENCES')) : undefined;
}

function inQuotes(name: readonly string[] | undefined): string {
  return name?.map(quoteName).join('.') ?? '';
}
