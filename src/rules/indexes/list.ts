import type { Rule } from '../rule.js';
import { createIndexBlocking } from './create-index-blocking.js';
import { dropIndexBlocking } from './drop-index-blocking.js';
import { indexOnPartitioned } from './index-on-partitioned.js';
import { indexReplaceGap } from './index-replace-gap.js';
import { reindexBlocking } from './reindex-blocking.js';

export const indexes: readonly Rule[] = [
  createIndexBlocking,
  dropIndexBlocking,
  indexOnPartitioned,
  indexReplaceGap,
  reindexBlocking,
];
