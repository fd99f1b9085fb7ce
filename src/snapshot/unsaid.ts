import type { EventListener } from '../events.js';
import type { Schema } from '../schema/read.js';
import type { Unsaid } from '../shadow/entities.js';
import { withPresentKeys } from './undeclared-keys.js';
import { withPresentValues } from './valueless-enums.js';

/** What the entities describe; what they do not say is as the migrations, or a database, say. */
export function asMigrationsSay(wanted: Schema, present: Schema, unsaid: Unsaid, onEvent: EventListener): Schema {
  const known = withPresentValues(wanted, present, unsaid.valueless, onEvent);
  return withPresentKeys(known, present, unsaid.undeclared, onEvent);
}
