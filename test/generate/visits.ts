import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';

type Parts = Pick<EntitySchemaOptions<object>, 'indices' | 'uniques' | 'checks' | 'foreignKeys'>;
type Columns = Record<string, EntitySchemaColumnOptions>;

const key: EntitySchemaColumnOptions = { type: 'int', primary: true, primaryKeyConstraintName: 'visits_pkey' };
const columns: Columns = {
  id: key,
  at: { ...key, type: 'date' },
  userId: { type: 'int', nullable: true },
  note: { type: 'text', nullable: true },
  n: { type: 'int' },
};

/** A table that a migration of one's own has partitioned, as its entity and others see it. */
export function visits(changed: Columns = {}, parts: Parts = {}): readonly EntitySchema[] {
  return [
    new EntitySchema({
      name: 'User',
      tableName: 'users',
      columns: { id: { type: 'int', primary: true, primaryKeyConstraintName: 'users_pkey' } },
    }),
    new EntitySchema({ name: 'Visit', tableName: 'visits', columns: { ...columns, ...changed }, ...parts }),
  ];
}

export const visitsByHand = {
  up: [
    'CREATE TABLE users (id int, CONSTRAINT users_pkey PRIMARY KEY (id))',
    'CREATE TABLE visits (id int, at date, "userId" int, note text, n int NOT NULL, CONSTRAINT visits_pkey PRIMARY KEY (id, at)) PARTITION BY RANGE (at)',
    `CREATE TABLE "Visits 2024" PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
    `CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id)`,
    'CREATE TABLE visits_2025_all PARTITION OF visits_2025 DEFAULT',
  ],
  down: ['DROP TABLE visits', 'DROP TABLE users'],
};

/** Of each kind that partitions need steps of their own for. */
export const partsOfVisits: Parts = {
  indices: [
    { name: 'by_note', columns: ['note'], where: `note LIKE 'a%'` },
    { name: 'u_n', columns: ['n', 'at', 'id'], unique: true },
  ],
  uniques: [{ name: 'uq_note', columns: ['note', 'at', 'id'] }],
  checks: [{ name: 'positive', expression: 'n > 0' }],
  foreignKeys: [{ name: 'of_user', target: 'User', columnNames: ['userId'], referencedColumnNames: ['id'] }],
};

/** Where the rows of later years are. */
export const laterVisits = 'CREATE TABLE visits_later PARTITION OF visits DEFAULT';

export const rowsOfVisits = `INSERT INTO users VALUES (1), (2);
  INSERT INTO visits SELECT g, date '2024-06-01' + g * 10, g % 2 + 1, CASE WHEN g % 2 = 0 THEN 'a' || g END, g FROM generate_series(1, 90) g`;
