import { error, warning } from './entry.js';
import type { Entry } from './entry.js';
import { events, orders, users } from './given.js';

export const indexes: readonly Entry[] = [
  {
    name: 'a partial index with a comment above it',
    given: users,
    migration: `-- only few are not active\nCREATE INDEX "IDX_inactive" ON "users" ("id") WHERE NOT "active" /* small */;`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'a partial index, concurrently',
    given: users,
    migration: `-- only few are not active\nCREATE INDEX CONCURRENTLY "IDX_inactive" ON "users" ("id") WHERE NOT "active";`,
    transaction: false,
  },
  {
    name: 'an index on an expression',
    given: users,
    migration: `CREATE INDEX "IDX_lower_email" ON "users" (lower("email"))`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'a gin index for search',
    given: `CREATE EXTENSION pg_trgm; ${users}`,
    migration: `CREATE INDEX users_name_trgm ON users USING gin (name gin_trgm_ops)`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'a gin index for search, concurrently',
    given: `CREATE EXTENSION pg_trgm; ${users}`,
    migration: `CREATE INDEX CONCURRENTLY users_name_trgm ON users USING gin (name gin_trgm_ops)`,
    transaction: false,
  },
  {
    name: 'an index that is created IF NOT EXISTS, and then blocks',
    given: users,
    migration: `CREATE INDEX IF NOT EXISTS "IDX_name" ON "users" ("name")`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'an index in another schema',
    given: `CREATE SCHEMA billing; CREATE TABLE billing.invoices (id bigint PRIMARY KEY, due date)`,
    migration: `CREATE INDEX invoices_due ON billing.invoices (due)`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'an index in another schema, concurrently',
    given: `CREATE SCHEMA billing; CREATE TABLE billing.invoices (id bigint PRIMARY KEY, due date)`,
    migration: `CREATE INDEX CONCURRENTLY invoices_due ON billing.invoices (due)`,
    transaction: false,
  },
  {
    name: 'an index found through the search path',
    given: `CREATE SCHEMA billing; CREATE TABLE billing.invoices (id bigint PRIMARY KEY, due date)`,
    migration: `SET LOCAL search_path = billing; CREATE INDEX invoices_due ON invoices (due)`,
    expect: [error('create-index-blocking')],
  },
  {
    name: 'an index on a materialized view in use',
    given: `${orders} CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY 1`,
    migration: `CREATE UNIQUE INDEX totals_user ON totals (user_id)`,
    // Only a refresh has to wait: there are no other writes, and reads do not block.
  },
  {
    name: 'concurrently, inside a transaction',
    given: users,
    migration: `CREATE INDEX CONCURRENTLY "IDX_name" ON "users" ("name")`,
    fails: true,
    expect: [error('concurrently-in-transaction')],
    allowed: ['cannot-be-judged'],
  },
  {
    name: 'concurrently, IF NOT EXISTS, although an invalid one may exist',
    given: users,
    migration: `CREATE INDEX CONCURRENTLY IF NOT EXISTS "IDX_name" ON "users" ("name")`,
    transaction: false,
    expect: [warning('concurrently-if-not-exists')],
  },
  {
    name: 'concurrently, after removing the remains of a failed attempt',
    given: users,
    migration: `DROP INDEX CONCURRENTLY IF EXISTS "IDX_name"; CREATE INDEX CONCURRENTLY "IDX_name" ON "users" ("name")`,
    transaction: false,
  },
  {
    name: 'concurrently, given up after five seconds',
    given: users,
    migration: `SET lock_timeout = '5s'; CREATE INDEX CONCURRENTLY "IDX_name" ON "users" ("name")`,
    transaction: false,
    expect: [warning('concurrently-with-lock-timeout')],
    allowed: ['session-set-leak'],
  },
  {
    name: 'an index replaced in the wrong order',
    given: orders,
    migration: `DROP INDEX "IDX_orders_user"; CREATE INDEX "IDX_orders_user" ON "orders" ("user_id", "status")`,
    expect: [error('create-index-blocking')],
    allowed: ['index-replace-gap', 'drop-index-blocking', 'work-while-holding-lock'],
  },
  {
    name: 'an index replaced: the new one first, then the old one is dropped',
    given: orders,
    migration: [
      {
        up: `CREATE INDEX CONCURRENTLY "IDX_orders_user_status" ON "orders" ("user_id", "status")`,
        transaction: false,
      },
      { up: `DROP INDEX CONCURRENTLY IF EXISTS "IDX_orders_user"`, transaction: false },
    ],
  },
  {
    name: 'REINDEX TABLE',
    given: users,
    migration: `REINDEX TABLE "users"`,
    transaction: false,
    expect: [error('reindex-blocking')],
  },
  {
    name: 'REINDEX INDEX',
    given: orders,
    migration: `REINDEX INDEX "IDX_orders_user"`,
    expect: [error('reindex-blocking')],
  },
  {
    name: 'REINDEX TABLE CONCURRENTLY',
    given: users,
    migration: `REINDEX TABLE CONCURRENTLY "users"`,
    transaction: false,
  },
  {
    name: 'an index on a partitioned table',
    given: events,
    migration: `CREATE INDEX "events_kind" ON "events" ("kind")`,
    expect: [error('index-on-partitioned', 'create-index-blocking')],
  },
  {
    name: 'an index on a partitioned table, partition by partition',
    given: events,
    migration: [
      `CREATE INDEX "events_kind" ON ONLY "events" ("kind")`,
      { up: `CREATE INDEX CONCURRENTLY "events_2024_01_kind" ON "events_2024_01" ("kind")`, transaction: false },
      { up: `CREATE INDEX CONCURRENTLY "events_2024_02_kind" ON "events_2024_02" ("kind")`, transaction: false },
      `ALTER INDEX "events_kind" ATTACH PARTITION "events_2024_01_kind"; ALTER INDEX "events_kind" ATTACH PARTITION "events_2024_02_kind"`,
    ],
  },
  {
    name: 'indexes of a table of the same batch, in a later file',
    migration: [
      `CREATE TABLE "audit" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "what" text NOT NULL, "at" timestamptz NOT NULL DEFAULT now())`,
      `CREATE INDEX "audit_at" ON "audit" ("at"); DROP INDEX "audit_at"; CREATE INDEX "audit_at" ON "audit" ("at" DESC); REINDEX TABLE "audit"`,
    ],
  },
  {
    name: 'an index that is renamed',
    given: orders,
    migration: `ALTER INDEX "IDX_orders_user" RENAME TO "orders_user_idx"`,
  },
  {
    name: 'an index replaced concurrently, but with a gap',
    given: orders,
    migration: [
      { up: `DROP INDEX CONCURRENTLY IF EXISTS "IDX_orders_user"`, transaction: false },
      { up: `CREATE INDEX CONCURRENTLY "IDX_orders_user" ON "orders" ("user_id", "status")`, transaction: false },
    ],
    expect: [warning('index-replace-gap')],
  },
  {
    name: 'a new column and its index, one after the other',
    given: users,
    migration: [
      `ALTER TABLE "users" ADD "tenant_id" integer`,
      { up: `CREATE INDEX CONCURRENTLY "users_tenant" ON "users" ("tenant_id")`, transaction: false },
    ],
  },
  {
    name: 'a new column and its index in one transaction',
    given: users,
    migration: `ALTER TABLE "users" ADD "tenant_id" integer; CREATE INDEX "users_tenant" ON "users" ("tenant_id")`,
    expect: [error('create-index-blocking')],
    allowed: ['work-while-holding-lock'],
  },
  {
    name: 'an index is dropped concurrently inside a transaction',
    given: orders,
    migration: `DROP INDEX CONCURRENTLY "IDX_orders_user"`,
    fails: true,
    expect: [error('concurrently-in-transaction')],
    allowed: ['cannot-be-judged'],
  },
  {
    name: 'one index concurrently, the next one blocking',
    given: users,
    migration: `CREATE INDEX CONCURRENTLY "users_name" ON "users" ("name"); CREATE INDEX "users_age" ON "users" ("age")`,
    transaction: false,
    expect: [error('create-index-blocking')],
  },
];
