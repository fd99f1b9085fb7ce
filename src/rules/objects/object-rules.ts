import type { Rule } from '../rule.js';
import { alterSequence } from './alter-sequence.js';
import { attachPartitionScan } from './attach-partition-scan.js';
import { cascadeDropsData } from './cascade-drops-data.js';
import { changeSchema } from './change-schema.js';
import { createPartitionOf } from './create-partition-of.js';
import { createTableForce } from './create-table-force.js';
import { createTableIfNotExists } from './create-table-if-not-exists.js';
import { createTrigger } from './create-trigger.js';
import { deleteAllRows } from './delete-all-rows.js';
import { detachPartition } from './detach-partition.js';
import { disableTrigger } from './disable-trigger.js';
import { dropCascade } from './drop-cascade.js';
import { dropFunction } from './drop-function.js';
import { dropPartition } from './drop-partition.js';
import { dropSchema } from './drop-schema.js';
import { dropTable } from './drop-table.js';
import { dropView } from './drop-view.js';
import { enumRecreate } from './enum-recreate.js';
import { enumRenameValue } from './enum-rename-value.js';
import { enumValuePosition } from './enum-value-position.js';
import { enumValueUsedTooEarly } from './enum-value-used-too-early.js';
import { extensionInMigration } from './extension-in-migration.js';
import { publishedTableChanged } from './published-table-changed.js';
import { publishedWithoutIdentity } from './published-without-identity.js';
import { refreshMaterializedViewBlocking } from './refresh-materialized-view-blocking.js';
import { refreshMaterializedViewNoData } from './refresh-materialized-view-no-data.js';
import { renameTable } from './rename-table.js';
import { renameType } from './rename-type.js';
import { replicaIdentityFull } from './replica-identity-full.js';
import { rowSecurityWithoutPolicy } from './row-security-without-policy.js';
import { tableRewriteCommand } from './table-rewrite-command.js';
import { tableWithoutPrimaryKey } from './table-without-primary-key.js';
import { truncateTable } from './truncate-table.js';

export const objects: readonly Rule[] = [
  alterSequence,
  attachPartitionScan,
  cascadeDropsData,
  changeSchema,
  createPartitionOf,
  createTableForce,
  createTableIfNotExists,
  createTrigger,
  deleteAllRows,
  detachPartition,
  disableTrigger,
  dropCascade,
  dropFunction,
  dropPartition,
  dropSchema,
  dropTable,
  dropView,
  enumRecreate,
  enumRenameValue,
  enumValuePosition,
  enumValueUsedTooEarly,
  extensionInMigration,
  publishedTableChanged,
  publishedWithoutIdentity,
  refreshMaterializedViewBlocking,
  refreshMaterializedViewNoData,
  renameTable,
  renameType,
  replicaIdentityFull,
  rowSecurityWithoutPolicy,
  tableRewriteCommand,
  tableWithoutPrimaryKey,
  truncateTable,
];
