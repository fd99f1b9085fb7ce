import 'reflect-metadata';

/** The history that decorators record on entities, for `generate`. */
export interface EntityHistory {
  readonly table: string | undefined;
  /** The former name of the column, by property. */
  readonly columns: ReadonlyMap<string, string>;
  /** The SQL expression that fills the column in existing rows, by property. */
  readonly backfills: ReadonlyMap<string, string>;
}

interface Draft {
  table?: string;
  readonly columns: Map<string, string>;
  readonly backfills: Map<string, string>;
}

const key = Symbol.for('nest-migrate.history');

/**
 * The former name of a table (on an entity) or of a column (on a property). It can stay in the code: once the old name is gone,
 * it has no effect.
 *
 * @example
 * @RenamedFrom('name') @Column() fullName: string;
 */
export function RenamedFrom(name: string): ClassDecorator & PropertyDecorator {
  return (target: object, property?: string | symbol) => {
    if (property === undefined) draftOf(target).table = name;
    else draftOf(target.constructor).columns.set(String(property), name);
  };
}

/**
 * The value for existing rows in a column that is new or becomes NOT NULL, as an SQL expression, which can use the other columns.
 *
 * @example
 * @Backfill(`first_name || ' ' || last_name`) @Column() fullName: string;
 */
export function Backfill(expression: string): PropertyDecorator {
  return (target, property) => void draftOf(target.constructor).backfills.set(String(property), expression);
}

export function historyOf(entity: unknown): EntityHistory | undefined {
  if (typeof entity !== 'function') return undefined;
  const drafts: Draft[] = [];
  for (let level: unknown = entity; typeof level === 'function'; level = Object.getPrototypeOf(level)) {
    const draft = Reflect.getOwnMetadata(key, level) as Draft | undefined;
    if (draft) drafts.push(draft);
  }
  if (drafts.length === 0) return undefined;
  return {
    table: (Reflect.getOwnMetadata(key, entity) as Draft | undefined)?.table,
    columns: new Map(drafts.flatMap(({ columns }) => Array.from(columns))),
    backfills: new Map(drafts.flatMap(({ backfills }) => Array.from(backfills))),
  };
}

function draftOf(entity: object): Draft {
  const own = Reflect.getOwnMetadata(key, entity) as Draft | undefined;
  if (own) return own;
  const draft: Draft = { columns: new Map(), backfills: new Map() };
  Reflect.defineMetadata(key, draft, entity);
  return draft;
}
