import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';
import type { Random } from './random.js';

/** A set of entities as data, so that a failing one can be printed and made smaller. */
export interface Model {
  readonly tables: readonly Table[];
  readonly views: readonly View[];
}

export interface Table {
  readonly name: string;
  readonly schema?: string | undefined;
  readonly key: keyof typeof keys;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
  readonly checks: readonly { readonly name: string; readonly column: string; readonly variant: number }[];
  readonly references: readonly Reference[];
}

export interface Column {
  readonly name: string;
  readonly family: keyof typeof families;
  readonly variant: number;
  readonly nullable: boolean;
  readonly default?: number | undefined;
  readonly unique: boolean;
  readonly comment?: string | undefined;
  /** Of an enum. */
  readonly values?: readonly string[] | undefined;
  /** Computed from a column of text. */
  readonly from?: string | undefined;
}

interface Index {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  readonly where?: string | undefined;
}

interface Reference {
  readonly name: string;
  readonly column: string;
  readonly target: string;
  readonly onDelete?: 'CASCADE' | 'SET NULL' | undefined;
  readonly deferrable?: 'INITIALLY DEFERRED' | undefined;
}

interface View {
  readonly name: string;
  readonly table: string;
  readonly column?: string | undefined;
}

type Type = Partial<EntitySchemaColumnOptions>;
type Defaults = readonly EntitySchemaColumnOptions['default'][];

interface Family {
  readonly variants: readonly Type[];
  readonly defaults: Defaults;
  /** The value of a column in a row. */
  readonly value: (row: number) => string;
  /** What rows that are there get in a new column. */
  readonly fill: string;
  readonly fillUnique?: string;
  readonly check?: (column: string, variant: number) => string;
}

/** Types that turn into each other without anybody's help. */
export const families = {
  text: {
    variants: [
      { type: 'text' },
      { type: 'varchar' },
      { type: 'varchar', length: 50 },
      { type: 'varchar', length: 100 },
      { type: 'text', collation: 'C' },
      { type: 'varchar', length: 80, collation: 'POSIX' },
    ],
    defaults: ["it's", 'a::b', () => `'a' || 'b'`, ''],
    value: (row) => `'v${row}'`,
    fill: `'filled'`,
    fillUnique: `'n' || row_id`,
    check: (column, variant) => `length("${column}") < ${1000 + variant}`,
  },
  number: {
    variants: [
      { type: 'smallint' },
      { type: 'int' },
      { type: 'bigint' },
      { type: 'numeric' },
      { type: 'numeric', precision: 10, scale: 2 },
      { type: 'numeric', precision: 14, scale: 2 },
      { type: 'double precision' },
    ],
    defaults: [0, 7, () => '1 + 1'],
    value: (row) => String(row),
    fill: '3',
    fillUnique: 'row_id',
    check: (column, variant) => `"${column}" >= ${-variant}`,
  },
  time: {
    variants: [{ type: 'timestamp' }, { type: 'timestamptz' }, { type: 'timestamp', precision: 3 }],
    defaults: [() => 'now()', () => `now() + interval '1 day'`],
    value: (row) => `'2020-01-0${row} 12:00:00'`,
    fill: 'now()',
  },
  boolean: {
    variants: [{ type: 'boolean' }],
    defaults: [true, false],
    value: (row) => String(row % 2 === 0),
    fill: 'true',
  },
  uuid: {
    variants: [{ type: 'uuid' }],
    defaults: [() => 'gen_random_uuid()', () => 'uuid_generate_v4()'],
    value: (row) => `'00000000-0000-4000-8000-00000000000${row}'`,
    fill: 'gen_random_uuid()',
    fillUnique: 'gen_random_uuid()',
  },
  json: {
    variants: [{ type: 'jsonb' }, { type: 'json' }],
    defaults: [{}, [], () => `'{"a": 1}'`],
    value: (row) => `'{"n": ${row}}'`,
    fill: `'{}'`,
  },
  texts: {
    variants: [
      { type: 'text', array: true },
      { type: 'varchar', array: true },
    ],
    defaults: [[], ['a', 'b']],
    value: (row) => `'{a,${row}}'`,
    fill: `'{}'`,
  },
  numbers: {
    variants: [
      { type: 'int', array: true },
      { type: 'bigint', array: true },
    ],
    defaults: [[], [1, 2]],
    value: (row) => `'{1,${row}}'`,
    fill: `'{}'`,
  },
  enum: {
    variants: [{ type: 'enum' }],
    defaults: ['a', 'b'],
    value: (row) => `'${row % 2 === 0 ? 'a' : 'b'}'`,
    fill: `'a'`,
  },
  enums: { variants: [{ type: 'enum', array: true }], defaults: [['a'], []], value: () => `'{a,b}'`, fill: `'{a}'` },
  shared: {
    variants: [{ type: 'enum', enumName: 'shared_enum' }],
    defaults: ['a'],
    value: (row) => `'${row % 2 === 0 ? 'a' : 'b'}'`,
    fill: `'b'`,
  },
  bytes: { variants: [{ type: 'bytea' }], defaults: [], value: (row) => `'\\x0${row}'`, fill: `'\\x00'` },
  range: { variants: [{ type: 'int4range' }], defaults: [], value: (row) => `'[1,${row + 1})'`, fill: `'empty'` },
} satisfies Record<string, Family>;

export const keys = {
  serial: { id: { type: 'int', primary: true, generated: 'increment' } },
  bigserial: { id: { type: 'bigint', primary: true, generated: 'increment' } },
  identity: { id: { type: 'int', primary: true, generated: 'identity' } },
  plain: { id: { type: 'int', primary: true } },
  named: { id: { type: 'int', primary: true } },
} as const;

const names = ['Name', 'email', 'c', 'user id', 'order', 'état', 'x1', 'longer_name_of_a_column'];
const allValues = ['a', 'b', 'c', "it's", 'D e'];

export function randomModel(random: Random): Model {
  const tables: Table[] = [];
  const count = 1 + random.below(4);
  const shared = someValues(random);
  for (let at = 0; at < count; at++) tables.push(randomTable(`t${at}`, random, shared));
  return complete({ tables, views: randomViews(random, tables) });
}

/** A model that came from the other by a few changes. */
export function changedModel(model: Model, random: Random): Model {
  const shared = someValues(random);
  const kept = random.some(model.tables, 0.9).map((table) => changedTable(table, random, shared));
  const added = random.chance(0.3) ? [randomTable(`n${random.below(3)}`, random, shared)] : [];
  const tables = [...kept, ...added.filter(({ name }) => kept.every((table) => table.name !== name))];
  const views = [...random.some(model.views, 0.7), ...(random.chance(0.3) ? randomViews(random, tables, 'w') : [])];
  return complete({ tables, views });
}

function randomTable(name: string, random: Random, shared: readonly string[]): Table {
  const columns = random.some(names, 0.5).map((column) => randomColumn(column, random, shared));
  return {
    name,
    ...(random.chance(0.15) && { schema: 'other' }),
    key: random.pick(Object.keys(keys) as (keyof typeof keys)[]),
    columns,
    indexes: randomIndexes(columns, random),
    checks: randomChecks(columns, random),
    references: random.chance(0.5) ? [randomReference('ref', random)] : [],
  };
}

function randomColumn(name: string, random: Random, shared: readonly string[]): Column {
  const family = random.pick(Object.keys(families) as (keyof typeof families)[]);
  return randomDetails({ name, family, variant: 0, nullable: false, unique: false }, random, shared);
}

function randomDetails(column: Column, random: Random, shared: readonly string[]): Column {
  const { variants, defaults }: Family = families[column.family];
  const unique = ['text', 'number', 'uuid'].includes(column.family) && random.chance(0.15);
  const constant = column.family !== 'uuid';
  return {
    name: column.name,
    family: column.family,
    variant: random.below(variants.length),
    nullable: random.chance(0.5),
    ...(defaults.length > 0 &&
      !(unique && constant) &&
      random.chance(0.4) && { default: random.below(defaults.length) }),
    unique,
    ...(random.chance(0.1) && { comment: random.pick(["it's", 'one', 'two']) }),
    ...(column.family === 'shared'
      ? { values: shared }
      : column.family.startsWith('enum') && { values: someValues(random) }),
    ...(column.family === 'text' && random.chance(0.1) && { from: random.pick(names) }),
  };
}

function someValues(random: Random): readonly string[] {
  const values = ['a', 'b', ...random.some(allValues.slice(2), 0.5)];
  return random.chance(0.3) ? random.shuffle(values) : values;
}

function randomIndexes(columns: readonly Column[], random: Random): readonly Index[] {
  const usable = columns.filter(({ family }) => !['json'].includes(family));
  if (usable.length === 0) return [];
  return ['i', 'j']
    .filter(() => random.chance(0.4))
    .map((name) => {
      const on = random.shuffle(usable).slice(0, 1 + random.below(2));
      const unique =
        random.chance(0.3) &&
        on.some((column) => ['text', 'number', 'uuid'].includes(column.family) && column.default === undefined);
      return {
        name,
        columns: on.map((column) => column.name),
        unique,
        where: random.chance(0.3) ? random.pick(['id > 0', 'id > 1', 'id IS NOT NULL']) : undefined,
      };
    });
}

function randomChecks(columns: readonly Column[], random: Random): Table['checks'] {
  return columns
    .filter(({ family }) => family === 'text' || family === 'number')
    .filter(() => random.chance(0.2))
    .map(({ name }, at) => ({ name: `check ${at}`, column: name, variant: random.below(3) }));
}

function randomReference(column: string, random: Random): Reference {
  return {
    name: `fk_${column}`,
    column,
    target: `t${random.below(4)}`,
    ...(random.chance(0.5) && { onDelete: random.pick(['CASCADE', 'SET NULL'] as const) }),
    ...(random.chance(0.2) && { deferrable: 'INITIALLY DEFERRED' as const }),
  };
}

function randomViews(random: Random, tables: readonly Table[], prefix = 'v'): readonly View[] {
  return tables
    .filter(() => random.chance(0.25))
    .map(({ name, columns }, at) => ({
      name: `${prefix}${at}`,
      table: name,
      column: random.pick([undefined, ...columns.map((one) => one.name)]),
    }));
}

function withValues(column: Column, values: readonly string[]): Column {
  return { ...column, values };
}

function changedTable(table: Table, random: Random, shared: readonly string[]): Table {
  const kept = random.some(table.columns, 0.85).map((column) => {
    if (column.family === 'shared') return withValues(column, shared);
    return random.chance(0.35) ? randomDetails(column, random, shared) : column;
  });
  const free = names.filter((name) => !table.columns.some((column) => column.name === name));
  const added = random.some(free, 0.15).map((name) => randomColumn(name, random, shared));
  const columns = [...kept, ...added];
  const grown = { serial: 'bigserial', plain: 'named', named: 'plain' } as const;
  return {
    ...table,
    key: table.key in grown && random.chance(0.2) ? grown[table.key as keyof typeof grown] : table.key,
    columns,
    indexes: random.chance(0.5) ? randomIndexes(columns, random) : table.indexes,
    checks: random.chance(0.5) ? randomChecks(columns, random) : table.checks,
    references: random.chance(0.3) ? (random.chance(0.6) ? [randomReference('ref', random)] : []) : table.references,
  };
}

/** Leaves away what speaks of something that is not there, and gives a shared enum the same values everywhere. */
export function complete(model: Model): Model {
  const shared = model.tables.flatMap(({ columns }) => columns).find(({ family }) => family === 'shared')?.values;
  const tables = model.tables.map((table) => {
    const there = (name: string): boolean => table.columns.some((column) => column.name === name);
    const text = (name: string | undefined): boolean =>
      table.columns.some((column) => column.name === name && column.family === 'text' && column.from === undefined);
    const columns = table.columns.map(({ from, ...column }): Column => {
      if (column.family === 'shared') return { ...column, values: shared };
      return from !== undefined && from !== column.name && text(from)
        ? { name: column.name, family: 'text', variant: 0, nullable: true, unique: false, from }
        : column;
    });
    return {
      ...table,
      columns,
      indexes: table.indexes.filter((index) => index.columns.every(there)),
      checks: table.checks.filter(({ column }) =>
        columns.some(({ name, family }) => name === column && (family === 'text' || family === 'number')),
      ),
      references: table.references.filter(({ target }) => model.tables.some(({ name }) => name === target)),
    };
  });
  const views = model.views
    .filter(
      ({ table }, at) =>
        tables.some(({ name }) => name === table) &&
        model.views.findIndex(({ name }) => name === model.views[at]?.name) === at,
    )
    .map(({ name, table, column }) => ({
      name,
      table,
      column: tables.some((one) => one.name === table && one.columns.some((other) => other.name === column))
        ? column
        : undefined,
    }));
  return { tables, views };
}

export function entitiesOf(model: Model): readonly EntitySchema[] {
  return [...model.tables.map((table) => tableEntity(table)), ...model.views.map((view) => viewEntity(view, model))];
}

function tableEntity(table: Table): EntitySchema {
  const columns: Record<string, EntitySchemaColumnOptions> = {
    ...(keys[table.key] as unknown as Record<string, EntitySchemaColumnOptions>),
  };
  for (const column of table.columns) columns[column.name] = columnOptions(column);
  for (const { column } of table.references) columns[column] = { type: 'int', nullable: true };
  if (table.key === 'named')
    columns['id'] = { type: 'int', primary: true, primaryKeyConstraintName: `${table.name}_key` };
  const named = (name: string): string => `${table.name}_${name}`;
  return new EntitySchema<object>({
    name: table.name,
    tableName: table.name,
    ...(table.schema !== undefined && { schema: table.schema }),
    columns,
    indices: table.indexes.map(({ name, where, ...index }) => ({
      name: named(name),
      ...index,
      columns: [...index.columns],
      ...(where !== undefined && { where }),
    })),
    checks: table.checks.map(({ name, column, variant }) => ({
      name: named(name),
      expression: checkOf(table, column, variant),
    })),
    foreignKeys: table.references.map(({ name, column, target, ...more }) => ({
      name: named(name),
      columnNames: [column],
      referencedColumnNames: ['id'],
      target,
      ...more,
    })),
  } as unknown as EntitySchemaOptions<object>);
}

function checkOf({ columns }: Table, column: string, variant: number): string {
  const family: Family = families[columns.find(({ name }) => name === column)?.family ?? 'number'];
  return family.check?.(column, variant) ?? 'true';
}

function columnOptions(column: Column): EntitySchemaColumnOptions {
  const { variants, defaults }: Family = families[column.family];
  return {
    ...variants[column.variant],
    nullable: column.nullable,
    ...(column.default !== undefined && { default: defaults[column.default] }),
    ...(column.unique && { unique: true }),
    ...(column.comment !== undefined && { comment: column.comment }),
    ...(column.values && { enum: [...column.values] }),
    ...(column.from !== undefined && { asExpression: `upper("${column.from}")`, generatedType: 'STORED' }),
  } as EntitySchemaColumnOptions;
}

function viewEntity({ name, table, column }: View, { tables }: Model): EntitySchema {
  const schema = tables.find((one) => one.name === table)?.schema;
  const from = `${schema === undefined ? '' : `"${schema}".`}"${table}"`;
  return new EntitySchema<object>({
    name,
    type: 'view',
    expression: `SELECT "id"${column === undefined ? '' : `, "${column}"`} FROM ${from}`,
    columns: { id: { type: 'int' } },
  } as unknown as EntitySchemaOptions<object>);
}

/** Three rows for each table. */
export function rowsOf({ tables }: Model): readonly string[] {
  return tables
    .flatMap((table) => {
      const written = table.columns.filter(({ from }) => from === undefined);
      const list = ['id', ...written.map(({ name }) => name)].map((name) => `"${name}"`).join(', ');
      const at = `${table.schema === undefined ? '' : `"${table.schema}".`}"${table.name}"`;
      return [1, 2, 3].map((row) => {
        const values = [String(row), ...written.map(({ family }) => families[family].value(row))];
        return `INSERT INTO ${at} (${list}) VALUES (${values.join(', ')})`;
      });
    })
    .concat(
      tables.flatMap(({ name, schema, references }) =>
        references.map(
          ({ column }) => `UPDATE ${schema === undefined ? '' : `"${schema}".`}"${name}" SET "${column}" = 1`,
        ),
      ),
    );
}

/** What rows that are there get in the new columns that need it. */
export function fillsOf(before: Model, after: Model): ReadonlyMap<string, string> {
  const fills = new Map<string, string>();
  for (const table of after.tables) {
    const old = before.tables.find(({ name, schema }) => name === table.name && schema === table.schema);
    if (!old) continue;
    for (const column of table.columns) {
      const was = old.columns.find(({ name }) => name === column.name);
      if (
        (was && was.from === undefined) ||
        column.nullable ||
        column.default !== undefined ||
        column.from !== undefined
      )
        continue;
      const { fill, fillUnique = fill }: Family = families[column.family];
      const unique =
        column.unique || table.indexes.some((index) => index.unique && index.columns.includes(column.name));
      fills.set(
        `${table.schema === undefined ? '' : `${table.schema}.`}${table.name}.${column.name}`,
        unique ? fillUnique.replace('row_id', 'id') : fill,
      );
    }
  }
  return fills;
}
