import type { Rule } from '../rule.js';
import { concurrentlyIfNotExists } from './concurrently-if-not-exists.js';
import { concurrentlyInTransaction } from './concurrently-in-transaction.js';
import { concurrentlyWithLockTimeout } from './concurrently-with-lock-timeout.js';
import { createIndexBlocking } from './create-index-blocking.js';
import { dropIndexBlocking } from './drop-index-blocking.js';
import { indexDuplicate } from './index-duplicate.js';
import { indexMissingFk } from './index-missing-fk.js';
import { indexOnPartitioned } from './index-on-partitioned.js';
import { indexReplaceGap } from './index-replace-gap.js';
import { reindexBlocking } from './reindex-blocking.js';

export const indexes: readonly Rule[] = [
  concurrentlyIfNotExists,
  concurrentlyInTransaction,
  concurrentlyWithLockTimeout,
  createIndexBlocking,
  dropIndexBlocking,
  indexDuplicate,
  indexMissingFk,
  indexOnPartitioned,
  indexReplaceGap,
  reindexBlocking,
];
