import 'reflect-metadata';

/** What entities say about their past, read by `generate`. */
export interface EntityHistory {
  readonly table: string | undefined;
  /** By property: the name that its column had. */
  readonly columns: ReadonlyMap<string, string>;
  /** By property: the SQL expression that fills it for rows that were there before it. */
  readonly backfills: ReadonlyMap<string, string>;
}

interface Draft {
  table?: string;
  readonly columns: Map<string, string>;
  readonly backfills: Map<string, string>;
}

const key = Symbol.for('nest-migrate.history');

/**
 * On an entity, the name that its table had; on a property, the name that its column had. It may stay there: where the old name is gone
 * already, it says nothing.
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
 * What rows that have no value yet get in a column that is new or becomes NOT NULL, as SQL. It may use the other columns.
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
