import type { ProvenFile } from '../../plan/prove.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';

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

function withRequired(id: ObjectId, to: Schema): string {
  // The members of an extension count as the extension, so that dependencies between extensions are found.
  const required = to
    .needs(id)
    .flatMap(({ kind, name = '' }) => (kind === 'extension' && name !== id.name ? [name] : []));
  return `${id.name ?? ''}${required.length === 0 ? '' : ` (requires ${required.join(', ')})`}`;
}
