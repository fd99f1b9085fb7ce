import { classify, quoteLiteral, quoteName } from '../sql/index.js';
import { extensionOfType, extensionsCalledIn, typesOf } from '../schema/extension-of.js';

/** The extensions that TypeORM installs when it connects, if an entity needs them. */
const ofTypeorm = new Set(['uuid-ossp', 'citext', 'hstore', 'cube', 'ltree', 'postgis']);
const types = typesOf(ofTypeorm);
const withTypes = new Set(['CREATE TABLE', 'ALTER TABLE']);

/** What a statement of a generated migration uses of an extension. */
interface Used {
  readonly extension: string;
  readonly catalog: 'pg_proc' | 'pg_type';
  readonly name: string;
}

/**
 * `generate` leaves these extensions to TypeORM, which installs only what the entities of today need. A migration that was generated for
 * entities of that time still needs what TypeORM has installed then. Undefined if nothing is missing as far as the text tells.
 */
export function lentFor(sql: string, query: (sql: string) => Promise<unknown>): Promise<void> | undefined {
  const used = usedIn(sql);
  return used.length === 0 ? undefined : lend(used, query);
}

function usedIn(sql: string): readonly Used[] {
  const called = extensionsCalledIn(sql).map(({ extension, call }): Used => {
    return { extension, catalog: 'pg_proc', name: call.replace('()', '') };
  });
  const kinds = classify(sql).filter(({ command }) => withTypes.has(command));
  const named = types.filter((type) => kinds.some((kind) => kind.mentions(type.toUpperCase())));
  const ofTypes = named.map((name): Used => ({ extension: extensionOfType(name) ?? '', catalog: 'pg_type', name }));
  return [...called, ...ofTypes].filter(({ extension }) => ofTypeorm.has(extension));
}

/** A function or type of the same name may be that of the project. */
async function lend(used: readonly Used[], query: (sql: string) => Promise<unknown>): Promise<void> {
  for (const { extension, catalog, name } of used) {
    const column = catalog === 'pg_proc' ? 'proname' : 'typname';
    const missing = await query(
      `SELECT name FROM pg_available_extensions WHERE name = ${quoteLiteral(extension)} AND installed_version IS NULL AND NOT EXISTS (SELECT FROM ${catalog} WHERE ${column} = ${quoteLiteral(name)})`,
    );
    if (Array.isArray(missing) && missing.length > 0)
      await query(`CREATE EXTENSION IF NOT EXISTS ${quoteName(extension)}`);
  }
}
