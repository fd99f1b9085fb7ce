import type { Rule } from '../rule.js';
import { addColumnConstrainedDomain } from './add-column-constrained-domain.js';
import { addColumnInlineConstraint } from './add-column-inline-constraint.js';
import { addColumnNotnullNodefault } from './add-column-notnull-nodefault.js';
import { addColumnSerialIdentity } from './add-column-serial-identity.js';
import { addColumnStoredGenerated } from './add-column-stored-generated.js';
import { addColumnVolatileDefault } from './add-column-volatile-default.js';
import { alterGeneratedExpression } from './alter-generated-expression.js';
import { alterTypeCheckRescan } from './alter-type-check-rescan.js';
import { alterTypeIndexRebuild } from './alter-type-index-rebuild.js';
import { alterTypeNarrowing } from './alter-type-narrowing.js';
import { alterTypeRewrite } from './alter-type-rewrite.js';
import { alterTypeTimezone } from './alter-type-timezone.js';
import { alterTypeUsingForcesRewrite } from './alter-type-using-forces-rewrite.js';
import { changeDefault } from './change-default.js';
import { charColumn } from './char-column.js';
import { dropColumn } from './drop-column.js';
import { dropColumnCascade } from './drop-column-cascade.js';
import { dropExpression } from './drop-expression.js';
import { dropNeededDefault } from './drop-needed-default.js';
import { dropNotNull } from './drop-not-null.js';
import { identifierTooLong } from './identifier-too-long.js';
import { ifNotExistsStillLocks } from './if-not-exists-still-locks.js';
import { intPrimaryKey } from './int-primary-key.js';
import { jsonColumn } from './json-column.js';
import { moneyColumn } from './money-column.js';
import { ormDropAddColumn } from './orm-drop-add-column.js';
import { renameColumn } from './rename-column.js';
import { serialColumn } from './serial-column.js';
import { setNotNullDropCheckOneStmt } from './set-not-null-drop-check-one-stmt.js';
import { setNotNullScan } from './set-not-null-scan.js';
import { timestampWithoutZone } from './timestamp-without-zone.js';
import { varcharLimit } from './varchar-limit.js';

export const columns: readonly Rule[] = [
  addColumnConstrainedDomain,
  addColumnInlineConstraint,
  addColumnNotnullNodefault,
  addColumnSerialIdentity,
  addColumnStoredGenerated,
  addColumnVolatileDefault,
  alterGeneratedExpression,
  alterTypeCheckRescan,
  alterTypeIndexRebuild,
  alterTypeNarrowing,
  alterTypeRewrite,
  alterTypeTimezone,
  alterTypeUsingForcesRewrite,
  changeDefault,
  charColumn,
  dropColumn,
  dropColumnCascade,
  dropExpression,
  dropNeededDefault,
  dropNotNull,
  identifierTooLong,
  ifNotExistsStillLocks,
  intPrimaryKey,
  jsonColumn,
  moneyColumn,
  ormDropAddColumn,
  renameColumn,
  serialColumn,
  setNotNullDropCheckOneStmt,
  setNotNullScan,
  timestampWithoutZone,
  varcharLimit,
];
