import type { ProvenFile } from '../../plan/prove.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { originIn } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import { quoteName } from '../../sql/index.js';

/** Remarks that an administrator may be needed, which is better learned now than in a deploy, and that an extension requires others. */
export function remarksOnExtensions(files: readonly ProvenFile[], to: Schema): readonly string[] {
  const step = files.findIndex(({ apart }) => apart === 'extensions');
  const created = files.flatMap(({ apart, steps }) =>
    apart === 'extensions' ? steps.flatMap(({ brings = [] }) => brings) : [],
  );
  if (created.length === 0) return [];
  const where = files.length === 1 ? 'The change' : `Step ${step + 1}`;
  const what = `extension${created.length === 1 ? '' : 's'} ${created.map((id) => withRequired(id, to)).join(', ')}`;
  return [
    `${where} creates the ${what}. If the migrating role is not allowed to do that, \`run\` stops there (42501): let an administrator execute the statement once, then run again.`,
  ];
}

/**
 * An extension that nothing needs after the change, and that no migration creates as a step of its own: TypeORM has installed it, and stops
 * doing so. A new database needs it nevertheless, because it executes the earlier migrations.
 */
export function remarksOnFormerExtensions(from: Schema, to: Schema, origins: OriginMap): readonly string[] {
  const isNeeded = (extension: ObjectId, schema: Schema): boolean =>
    schema.neededBy(extension).some(({ kind }) => kind !== 'extension');
  return from.objects
    .filter(({ id }) => id.kind === 'extension' && originIn(origins, id) === 'generated')
    .filter(({ id }) => isNeeded(id, from) && !isNeeded(id, to))
    .map(({ id: { name = '' } }) => {
      const create = `CREATE EXTENSION ${quoteName(name)}`;
      return `No entity needs the extension ${name} any more, so TypeORM no longer installs it when it connects, but earlier migrations need it. Before \`run\` in a new database, execute ${create}; for databases of tests and development, add it to the settings: initialState: ${JSON.stringify(create)}`;
    });
}

function withRequired(id: ObjectId, to: Schema): string {
  // The members of an extension count as the extension, so that dependencies between extensions are found.
  const required = to
    .needs(id)
    .flatMap(({ kind, name = '' }) => (kind === 'extension' && name !== id.name ? [name] : []));
  return `${id.name ?? ''}${required.length === 0 ? '' : ` (requires ${required.join(', ')})`}`;
}
