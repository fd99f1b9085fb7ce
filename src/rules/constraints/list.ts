import type { Rule } from '../rule.js';
import { addCheckValidating } from './add-check-validating.js';
import { addExclusion } from './add-exclusion.js';
import { addFkNotvalidPartitioned } from './add-fk-notvalid-partitioned.js';
import { addFkValidating } from './add-fk-validating.js';
import { addPkBlocking } from './add-pk-blocking.js';
import { addPkUsingIndexNullable } from './add-pk-using-index-nullable.js';
import { addUniqueBlocking } from './add-unique-blocking.js';

export const constraints: readonly Rule[] = [
  addCheckValidating,
  addExclusion,
  addFkNotvalidPartitioned,
  addFkValidating,
  addPkBlocking,
  addPkUsingIndexNullable,
  addUniqueBlocking,
];
