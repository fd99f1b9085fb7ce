import { quoteLiteral, quoteName } from '../sql/index.js';
import type { Fact } from './engine.js';
import { sqlName, tableSql } from './object-id.js';

/** A text that PostgreSQL has printed, and how to print it again. */
export interface Printed {
  readonly text: string;
  /** The statements to execute first. */
  readonly first?: string;
  /** The statement that contains the text, and the query that prints it. */
  readonly before: string;
  readonly after: string;
  readonly read: string;
}

/** Queries a single session. */
export interface Session {
  query(sql: string): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/**
 * PostgreSQL may print an expression differently when it has read its own text: it moves the cast of a list into the elements, so
 * `s IN ('A', 'B')` has two forms. Every text is replaced by the form that is printed the same again, so that two texts that mean the same are
 * the same. The session is in a transaction, of which nothing stays.
 */
export async function settledTexts(printed: readonly Printed[], session: Session): Promise<readonly string[]> {
  if (printed.length === 0) return [];
  await session.query(`SET LOCAL search_path TO 'pg_catalog'`);
  await session.query(printingAgain(printed));
  const { rows } = await session.query(`SELECT current_setting('${answer}') AS texts`);
  return JSON.parse(String(rows[0]?.['texts'])) as readonly string[];
}

const answer = 'nest_migrate.printed';

/** If a text fails, it is kept and compared unchanged. */
function printingAgain(printed: readonly Printed[]): string {
  const body = `
    DECLARE item jsonb; said text; printed text; texts jsonb := '[]';
    BEGIN
      FOR item IN SELECT value FROM jsonb_array_elements(${quoteLiteral(JSON.stringify(printed))}::jsonb) LOOP
        said := item->>'text';
        FOR turn IN 1..3 LOOP
          printed := NULL;
          BEGIN
            IF item->>'first' IS NOT NULL THEN EXECUTE item->>'first'; END IF;
            EXECUTE (item->>'before') || said || (item->>'after');
            EXECUTE item->>'read' INTO printed;
            RAISE EXCEPTION USING ERRCODE = 'NMPRT';
          EXCEPTION WHEN OTHERS THEN NULL;
          END;
          EXIT WHEN printed IS NULL OR printed = said;
          said := printed;
        END LOOP;
        texts := texts || to_jsonb(said);
      END LOOP;
      PERFORM set_config('${answer}', texts::text, true);
    END`;
  return `DO ${quoteLiteral(body)}`;
}

/** Whether a text may be printed differently again, because it casts something other than a constant. */
export function maySettle(text: string): boolean {
  return text.replace(/'(?:[^']|'')*'::/g, '').includes('::');
}

interface Part {
  /** The property of the object that has the text. */
  readonly property: string;
  readonly printed: Printed;
}

const probe = 'nest_migrate_printed';

/** The same facts with texts that are printed the same again. */
export async function settled(facts: readonly Fact[], session: Session): Promise<readonly Fact[]> {
  const parts = facts.flatMap((fact, at) => partsOf(fact).map((part) => ({ at, ...part })));
  const wanted = parts.filter(({ printed: { text } }) => maySettle(text));
  const texts = await settledTexts(
    wanted.map(({ printed }) => printed),
    session,
  );
  const changed = new Map<number, Record<string, string>>();
  for (const [index, { at, property, printed }] of wanted.entries()) {
    const text = texts[index] ?? printed.text;
    if (text !== printed.text) changed.set(at, { ...changed.get(at), [property]: text });
  }
  if (changed.size === 0) return facts;
  return facts.map((fact, at) => {
    const more = changed.get(at);
    return more === undefined ? fact : { ...fact, payload: { ...fact.payload, ...more } };
  });
}

/**
 * The wanted facts in the words of the present ones, where the server now prints a wanted text like the present one: after the type of a column has
 * changed, `amount >= 0` reads `amount >= (0)::numeric`. The session is in a transaction, of which nothing stays.
 */
export async function inPresentWords(
  wanted: readonly Fact[],
  presentOf: (id: Fact['id']) => Fact | undefined,
  session: Session,
): Promise<readonly Fact[]> {
  const differing = wanted.flatMap((fact, at) => {
    const present = presentOf(fact.id);
    const texts = new Map((present ? partsOf(present) : []).map(({ property, printed }) => [property, printed.text]));
    return partsOf(fact).flatMap(({ property, printed }) => {
      const text = texts.get(property);
      return text === undefined || text === printed.text ? [] : [{ at, property, text, printed }];
    });
  });
  const printed = await settledTexts(
    differing.flatMap(({ text, printed: other }) => [other, { ...other, text }]),
    session,
  );
  const same = differing.filter((_one, index) => printed[2 * index] === printed[2 * index + 1]);
  return wanted.map((fact, at) => {
    const own = same.filter((one) => one.at === at).map(({ property, text }) => [property, text] as const);
    return own.length === 0 ? fact : { ...fact, payload: { ...fact.payload, ...Object.fromEntries(own) } };
  });
}

function partsOf({ id, parent, payload }: Fact): readonly Part[] {
  const text = (property: string): string | undefined => {
    const value = payload[property];
    return typeof value === 'string' ? value : undefined;
  };
  const name = id.name ?? '';
  const def = text('def');
  const part = (property: string, printed: Printed | undefined): readonly Part[] =>
    printed === undefined ? [] : [{ property, printed }];
  switch (id.kind) {
    case 'constraint':
      return parent?.kind === 'table' && def !== undefined && ['c', 'x'].includes(text('type') ?? '')
        ? part('def', constraintPrinted(tableSql(id), def))
        : [];
    case 'index':
      return def === undefined ? [] : part('def', indexPrinted(sqlName(id), def));
    case 'view':
    case 'materializedView':
      return def === undefined ? [] : part('def', viewPrinted(def));
    case 'default':
      return part(
        'expr',
        expressionOf(text('expr'), (expr) => defaultPrinted(tableSql(id), name, expr)),
      );
    case 'column':
      return part(
        'generatedExpr',
        expressionOf(text('generatedExpr'), (expr) => generatedPrinted(tableSql(id), text('type') ?? '', expr)),
      );
    case 'policy':
      return [
        ...part(
          'usingExpr',
          expressionOf(text('usingExpr'), (expr) => policyPrinted(tableSql(id), name, 'USING', expr)),
        ),
        ...part(
          'checkExpr',
          expressionOf(text('checkExpr'), (expr) => policyPrinted(tableSql(id), name, 'WITH CHECK', expr)),
        ),
      ];
    default:
      return [];
  }
}

function expressionOf(text: string | undefined, printed: (text: string) => Printed): Printed | undefined {
  return text === undefined ? undefined : printed(text);
}

export function constraintPrinted(table: string, text: string): Printed {
  const of = `FROM pg_constraint WHERE conrelid = ${quoteLiteral(table)}::regclass AND conname = '${probe}'`;
  return {
    text,
    before: `ALTER TABLE ${table} ADD CONSTRAINT ${probe} `,
    after: '',
    read: `SELECT pg_get_constraintdef(oid) ${of}`,
  };
}

/** Under its own name, which stands in its definition. */
export function indexPrinted(index: string, text: string): Printed {
  return {
    text,
    first: `ALTER INDEX ${index} RENAME TO ${probe}`,
    before: '',
    after: '',
    read: `SELECT pg_get_indexdef(${quoteLiteral(index)}::regclass)`,
  };
}

export function viewPrinted(text: string): Printed {
  const read = `SELECT pg_get_viewdef('pg_temp.${probe}'::regclass)`;
  return { text, before: `CREATE TEMP VIEW ${probe} AS `, after: '', read };
}

export function defaultPrinted(table: string, column: string, text: string): Printed {
  const before = `ALTER TABLE ${table} ALTER COLUMN ${quoteName(column)} SET DEFAULT `;
  return { text, before, after: '', read: expressionSql(table, column) };
}

export function generatedPrinted(table: string, type: string, text: string): Printed {
  const before = `ALTER TABLE ${table} ADD COLUMN ${probe} ${type} GENERATED ALWAYS AS (`;
  return { text, before, after: ') STORED', read: expressionSql(table, probe) };
}

function expressionSql(table: string, column: string): string {
  return `SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE d.adrelid = ${quoteLiteral(table)}::regclass AND a.attname = ${quoteLiteral(column)}`;
}

function policyPrinted(table: string, name: string, clause: 'USING' | 'WITH CHECK', text: string): Printed {
  const of = `FROM pg_policy WHERE polrelid = ${quoteLiteral(table)}::regclass AND polname = ${quoteLiteral(name)}`;
  return {
    text,
    before: `ALTER POLICY ${quoteName(name)} ON ${table} ${clause} (`,
    after: ')',
    read: `SELECT pg_get_expr(${clause === 'USING' ? 'polqual' : 'polwithcheck'}, polrelid) ${of}`,
  };
}
