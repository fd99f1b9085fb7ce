import { columnPath } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';

/** `users`, `users.name`, `billing.users.name`. */
export function pathOf(id: ObjectId): string {
  if (id.kind === 'column') return columnPath(id);
  return `${id.schema === 'public' ? '' : `${id.schema ?? ''}.`}${id.name ?? ''}`;
}
