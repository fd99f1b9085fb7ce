import type { Rule } from '../rule.js';
import { addCheckValidating } from './add-check-validating.js';
import { addExclusion } from './add-exclusion.js';
import { addFkNotvalidPartitioned } from './add-fk-notvalid-partitioned.js';
import { addFkValidating } from './add-fk-validating.js';
import { addPkBlocking } from './add-pk-blocking.js';
import { addPkUsingIndexNullable } from './add-pk-using-index-nullable.js';
import { addUniqueBlocking } from './add-unique-blocking.js';
import { alterDomainAddConstraint } from './alter-domain-add-constraint.js';
import { constraintLeftNotValid } from './constraint-left-not-valid.js';
import { createDomainWithConstraint } from './create-domain-with-constraint.js';
import { deferredTriggerThenDdl } from './deferred-trigger-then-ddl.js';
import { dropPk } from './drop-pk.js';
import { dropUnique } from './drop-unique.js';
import { fkTypeMismatch } from './fk-type-mismatch.js';
import { multipleFksOneTx } from './multiple-fks-one-tx.js';
import { notValidThenValidateSameTx } from './not-valid-then-validate-same-tx.js';

export const constraints: readonly Rule[] = [
  addCheckValidating,
  addExclusion,
  addFkNotvalidPartitioned,
  addFkValidating,
  addPkBlocking,
  addPkUsingIndexNullable,
  addUniqueBlocking,
  alterDomainAddConstraint,
  constraintLeftNotValid,
  createDomainWithConstraint,
  deferredTriggerThenDdl,
  dropPk,
  dropUnique,
  fkTypeMismatch,
  multipleFksOneTx,
  notValidThenValidateSameTx,
];
