import { keyOf, sqlName, tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { quoteLiteral } from '../sql/index.js';

/*
 * Owners, privileges, and the options and comments that an administrator has set on the server are no part of migrations, and the shadow
 * has none of them. So an object that is created again gets them back by SQL that reads the catalog of the server on which it runs. It is
 * plain SQL because the files run under TypeORM's own command too.
 */

/** An object that is recreated, or that replaces another one. */
export interface Heir {
  readonly from: ObjectId;
  readonly to: ObjectId;
  /** A comment that the change is about is set by the migration; any other one is kept as it is on the server. */
  readonly comments: 'of migrations' | 'of the server';
}

/** `from` is in the schema `before`, and `to` is in `after`. */
export function heirOf(from: ObjectId, to: ObjectId, before: Schema, after: Schema): Heir {
  const isSaidOtherwise = commentsOn(from, before) !== commentsOn(to, after);
  return { from, to, comments: isSaidOtherwise ? 'of migrations' : 'of the server' };
}

/** On it and on its columns. */
function commentsOn(id: ObjectId, { objects }: Schema): string {
  const found = objects.flatMap(({ id: { target }, is }) => {
    const isWhole = target !== undefined && keyOf(target) === keyOf(id);
    const isPart = id.kind !== 'column' && target?.table === id.name && target?.schema === id.schema;
    return isWhole || isPart ? [[isWhole || target?.name, is['text']]] : [];
  });
  return JSON.stringify(found.toSorted());
}

const setting = 'nest_migrate.kept';

/** Before the drop: saves the statements that will restore everything in a setting. */
export function noteSql(heirs: readonly Heir[]): string {
  return indented([
    `SELECT set_config('${setting}', (`,
    ...within([
      ...withSql(heirs),
      "SELECT coalesce(json_agg(statement ORDER BY place)::text, '[]') FROM (",
      ...within(statementsSql(heirs)),
      ') AS kept',
    ]),
    '), false)',
  ]);
}

/**
 * After the objects have been created again: executes what was saved, and resets the setting, so that nothing stays on the session. A setting
 * that ended with the transaction would be gone too early under TypeORM's `-t none`.
 */
export function giveBackSql(): readonly string[] {
  const give = block([
    `FOR one IN SELECT json_array_elements_text(current_setting('${setting}')::json) LOOP`,
    '  BEGIN',
    '    EXECUTE one;',
    '  EXCEPTION WHEN undefined_column THEN',
    '    NULL; -- A view may have lost a column.',
    '  END;',
    'END LOOP;',
  ]);
  return [give, `RESET ${setting}`];
}

interface More {
  readonly constants?: readonly string[];
  readonly afterwards?: readonly string[];
}

/** While both exist: copies everything. `afterwards` is more PL/pgSQL for the same block, which may use `constants`. */
export function handOverSql(heir: Heir, { constants = [], afterwards = [] }: More = {}): string {
  const body = [
    'FOR one IN',
    ...within([
      ...withSql([heir]),
      'SELECT statement FROM (',
      ...within(statementsSql([heir])),
      ') AS kept ORDER BY place',
    ]),
    'LOOP',
    '  EXECUTE one;',
    'END LOOP;',
    ...afterwards,
  ];
  return block(body, constants);
}

/**
 * A new sequence of an existing table: it must have the owner of the table, and a role that may insert rows must be able to take values
 * from it. https://www.postgresql.org/docs/current/sql-altersequence.html
 */
export function sequencePrivilegesSql(sequence: ObjectId, table: ObjectId): string {
  const name = quoteLiteral(sqlName(sequence));
  const where = `= ${quoteLiteral(tableSql(table))}::regclass`;
  return block([
    'FOR one IN',
    `  SELECT format('ALTER SEQUENCE %s OWNER TO %s', ${name}, relowner::regrole) FROM pg_class WHERE oid ${where}`,
    'LOOP',
    '  EXECUTE one;',
    'END LOOP;',
    'FOR one IN',
    `  SELECT format('GRANT USAGE ON SEQUENCE %s TO %s', ${name}, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)`,
    '  FROM (',
    `    SELECT acl.* FROM pg_class, aclexplode(relacl) AS acl WHERE oid ${where}`,
    `    UNION SELECT acl.* FROM pg_attribute, aclexplode(attacl) AS acl WHERE attrelid ${where}`,
    `  ) AS granted WHERE privilege_type = 'INSERT'`,
    'LOOP',
    '  EXECUTE one;',
    'END LOOP;',
  ]);
}

function block(body: readonly string[], constants: readonly string[] = []): string {
  return indented([
    'DO $privileges$',
    'DECLARE',
    ...within(['one text;', ...constants]),
    'BEGIN',
    ...within(body),
    'END',
    '$privileges$',
  ]);
}

function within(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

/** Indented as in the file. */
function indented(lines: readonly string[]): string {
  return lines.join('\n      ');
}

const catalogs = {
  pg_class: { type: 'regclass', word: 'TABLE', owner: 'relowner', acl: 'relacl', letter: 'r' },
  pg_proc: { type: 'regprocedure', word: 'ROUTINE', owner: 'proowner', acl: 'proacl', letter: 'f' },
  pg_type: { type: 'regtype', word: 'TYPE', owner: 'typowner', acl: 'typacl', letter: 'T' },
} as const;

/** The catalog that lists the object; undefined for kinds that have no owner and no privileges of their own. */
export function catalogOf({ kind }: ObjectId): keyof typeof catalogs | undefined {
  if (['table', 'view', 'materializedView'].includes(kind)) return 'pg_class';
  if (['function', 'procedure', 'aggregate'].includes(kind)) return 'pg_proc';
  return kind === 'type' || kind === 'domain' ? 'pg_type' : undefined;
}

/** The sources: `it` has the objects, `part` the columns, and `granted` the privileges on both. */
function withSql(heirs: readonly Heir[]): readonly string[] {
  const [objects, columns] = [heirs.filter(isObject), heirs.filter((heir) => !isObject(heir))];
  const tables = [
    ...(objects.length === 0 ? [] : [{ name: 'it', rows: objects.map(objectSql) }]),
    ...(columns.length === 0 ? [] : [{ name: 'part', rows: columns.map(columnSql) }]),
    {
      name: 'granted',
      rows: [
        ...(objects.length === 0 ? [] : ['SELECT name, kind, NULL AS "column", acl.* FROM it, aclexplode(acl) AS acl']),
        ...(objects.some(isRelation)
          ? [
              `SELECT name, kind, attname, acl.* FROM it JOIN pg_attribute ON attrelid = oid AND kind = 'TABLE',
  aclexplode(attacl) AS acl`,
            ]
          : []),
        ...(columns.length === 0
          ? []
          : [`SELECT name, 'TABLE' AS kind, heir AS "column", acl.* FROM part, aclexplode(attacl) AS acl`]),
      ],
    },
  ];
  return tables.flatMap(({ name, rows }, at) => [
    `${at === 0 ? 'WITH ' : ''}${name} AS (`,
    ...rows.flatMap((row, place) => `${place === 0 ? '' : 'UNION ALL '}${row}`.split('\n')).map((line) => `  ${line}`),
    at === tables.length - 1 ? ')' : '),',
  ]);
}

const isObject = ({ from }: Heir): boolean => from.kind !== 'column';
const isRelation = ({ from }: Heir): boolean => catalogOf(from) === 'pg_class';
/** The options of a view cannot be set on a materialized view. */
const isSameKind = ({ from, to }: Heir): boolean => from.kind === to.kind;
const isCommented = (heir: Heir): boolean => heir.comments === 'of the server' && isSameKind(heir);

function objectSql(heir: Heir): string {
  const { from, to } = heir;
  const catalog = catalogOf(from) ?? 'pg_class';
  const { type, word, owner, acl, letter } = catalogs[catalog];
  const [source = '', name = ''] = [from, to].map((id) =>
    quoteLiteral(id.args === undefined ? sqlName(id) : `${sqlName(id)}(${id.args.join(', ')})`),
  );
  const options = isRelation(heir) && isSameKind(heir) ? 'reloptions' : 'NULL::text[]';
  const comment = isCommented(heir) ? quoteLiteral(commentWords[to.kind] ?? word) : 'NULL';
  return `SELECT tableoid AS class, oid, ${name} AS name, '${word}' AS kind, ${owner} AS owner,
  coalesce(${acl}, acldefault('${letter}', ${owner})) AS acl, ${options} AS options, ${comment} AS commented
FROM ${catalog} WHERE oid = ${source}::${type}`;
}

const commentWords: Readonly<Record<string, string>> = { view: 'VIEW', materializedView: 'MATERIALIZED VIEW' };

function columnSql(heir: Heir): string {
  const { from, to } = heir;
  const [name, column] = [tableSql(to), to.name ?? ''].map(quoteLiteral);
  return `SELECT attrelid, attnum, ${name ?? ''} AS name, ${column ?? ''} AS heir, attacl, attoptions, attstattarget,
  ${String(isCommented(heir))} AS commented
FROM pg_attribute WHERE attrelid = ${quoteLiteral(tableSql(from))}::regclass AND attname = ${quoteLiteral(from.name ?? '')}`;
}

/** The statements that restore everything, with their order. */
function statementsSql(heirs: readonly Heir[]): readonly string[] {
  const [objects, columns] = [heirs.filter(isObject), heirs.filter((heir) => !isObject(heir))];
  const parts: readonly string[] = [
    ...(objects.length === 0 ? [] : owners),
    grants,
    ...(objects.some((heir) => isRelation(heir) && isSameKind(heir)) ? [options] : []),
    ...(objects.some(isCommented) ? [comments] : []),
    ...(columns.length === 0 ? [] : columnOptions),
    ...(columns.some(isCommented) ? [columnComments] : []),
  ];
  return parts.flatMap((part, at) => `${at === 0 ? '' : 'UNION ALL '}${part}`.split('\n'));
}

const owners = [
  `SELECT 1 AS place, format('ALTER %s %s OWNER TO %s', kind, name, owner::regrole) AS statement FROM it`,
  `SELECT 2, format('REVOKE ALL ON %s %s FROM PUBLIC, %s', kind, name, owner::regrole) FROM it`,
  // With ALTER DEFAULT PRIVILEGES, a new object may have more privileges than before.
  `SELECT 2, format('REVOKE ALL ON %s %s FROM %s', kind, name, grantee::regrole)
  FROM it, pg_default_acl, aclexplode(defaclacl) WHERE grantee <> 0`,
];
const grants = `SELECT 3 AS place, format('GRANT %s%s ON %s %s TO %s%s', privilege_type, ' (' || quote_ident("column") || ')', kind, name,
  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
  CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END) AS statement FROM granted`;
const options = `SELECT 4, format('ALTER TABLE %s SET (%s)', name, array_to_string(options, ', ')) FROM it WHERE options IS NOT NULL`;
const comments = `SELECT 5, format('COMMENT ON %s IS %L',
    coalesce('COLUMN ' || name || '.' || quote_ident(attname), commented || ' ' || name), description)
  FROM it JOIN pg_description ON classoid = class AND objoid = oid
    LEFT JOIN pg_attribute ON attrelid = oid AND attnum = objsubid AND attnum > 0
  WHERE commented IS NOT NULL`;
const columnOptions = [
  `SELECT 4, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', name, heir, attstattarget)
  FROM part WHERE attstattarget >= 0`,
  `SELECT 4, format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', name, heir, array_to_string(attoptions, ', '))
  FROM part WHERE attoptions IS NOT NULL`,
];
const columnComments = `SELECT 5, format('COMMENT ON COLUMN %s.%I IS %L', name, heir, description) FROM part
  JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = attrelid AND objsubid = attnum WHERE commented`;
