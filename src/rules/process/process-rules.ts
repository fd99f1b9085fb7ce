import type { Rule } from '../rule.js';
import { blockingWorkHidden } from './blocking-work-hidden.js';
import { commitInTransaction } from './commit-in-transaction.js';
import { irreversibleDown } from './irreversible-down.js';
import { lockTable } from './lock-table.js';
import { lockTimeoutOff } from './lock-timeout-off.js';
import { mergeableAlters } from './mergeable-alters.js';
import { missingCommit } from './missing-commit.js';
import { noLockTimeout } from './no-lock-timeout.js';
import { rowsChangedWhileHoldingLock } from './rows-changed-while-holding-lock.js';
import { sessionSetLeak } from './session-set-leak.js';
import { settingNotReset } from './setting-not-reset.js';
import { severalTablesLocked } from './several-tables-locked.js';
import { statisticsMissing } from './statistics-missing.js';
import { unbatchedBackfill } from './unbatched-backfill.js';
import { unqualifiedName } from './unqualified-name.js';
import { workWhileHoldingLock } from './work-while-holding-lock.js';

export const processRules: readonly Rule[] = [
  blockingWorkHidden,
  commitInTransaction,
  irreversibleDown,
  lockTable,
  lockTimeoutOff,
  mergeableAlters,
  missingCommit,
  noLockTimeout,
  rowsChangedWhileHoldingLock,
  sessionSetLeak,
  settingNotReset,
  severalTablesLocked,
  statisticsMissing,
  unbatchedBackfill,
  unqualifiedName,
  workWhileHoldingLock,
];
