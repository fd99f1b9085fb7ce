import { complete } from './random-entities.js';
import type { Model, Table } from './random-entities.js';
import type { Pair } from './pair.js';

/** The smallest pair that fails still: one thing after the other is left away, as long as that makes no difference. */
export async function shrink(pair: Pair, fails: (smaller: Pair) => Promise<boolean>): Promise<Pair> {
  let smallest = pair;
  for (let again = true; again;) {
    again = false;
    for (const smaller of smallerPairs(smallest)) {
      if (!(await fails(smaller))) continue;
      smallest = smaller;
      again = true;
      break;
    }
  }
  return smallest;
}

function* smallerPairs(pair: Pair): Generator<Pair> {
  for (const side of ['both', 'before', 'after'] as const) {
    const apply = (change: (model: Model) => Model): Pair => ({
      ...pair,
      before: side === 'after' ? pair.before : complete(change(pair.before)),
      after: side === 'before' ? pair.after : complete(change(pair.after)),
    });
    const models = side === 'both' ? [pair.before, pair.after] : [pair[side]];
    const tables = new Map(models.flatMap((model) => model.tables.map((table) => [table.name, table] as const)));
    for (const name of tables.keys()) yield apply((model) => without(model, name));
    for (const view of new Set(models.flatMap((model) => model.views.map((one) => one.name))))
      yield apply((model) => ({ ...model, views: model.views.filter((one) => one.name !== view) }));
    for (const name of tables.keys()) {
      const parts = (part: 'columns' | 'indexes' | 'checks' | 'references'): readonly string[] => [
        ...new Set(
          models.flatMap((model) =>
            model.tables.filter((table) => table.name === name).flatMap((table) => table[part].map((one) => one.name)),
          ),
        ),
      ];
      for (const part of ['columns', 'indexes', 'checks', 'references'] as const)
        for (const one of parts(part))
          yield apply((model) =>
            changed(model, name, (table) => ({
              ...table,
              [part]: (table[part] as readonly { readonly name: string }[]).filter((other) => other.name !== one),
            })),
          );
    }
  }
}

function without(model: Model, name: string): Model {
  return {
    tables: model.tables.filter((table) => table.name !== name),
    views: model.views.filter(({ table }) => table !== name),
  };
}

function changed(model: Model, name: string, change: (table: Table) => Table): Model {
  return { ...model, tables: model.tables.map((table) => (table.name === name ? change(table) : table)) };
}
