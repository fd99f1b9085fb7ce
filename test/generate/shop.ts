import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';
import type { GenerateOptions, GenerateResult } from '../../src/commands/generate/types.js';
import type { RunOptions, RunResult } from '../../src/commands/types.js';
import { createMigrator } from '../../src/migrator.js';
import type { Migrator } from '../../src/migrator.js';
import type { MigrateSettings } from '../../src/options.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';

/** The entities of a shop, as they are at first and as changes make them. */
export type Shop = readonly EntitySchema[];

type Columns = Record<string, EntitySchemaColumnOptions>;
type OrdersOptions = Pick<EntitySchemaOptions<Columns>, 'indices' | 'uniques' | 'checks' | 'relations'> & {
  readonly columns?: Columns;
};

const columns: Columns = {
  id: { type: 'int', primary: true, generated: 'increment' },
  customerId: { type: 'int', name: 'customer_id' },
  email: { type: 'varchar', length: 40 },
  code: { type: 'text' },
  quantity: { type: 'int', default: 1 },
  placed: { type: 'timestamp', default: () => 'now()' },
  note: { type: 'text', nullable: true },
  region: { type: 'text', nullable: true },
  legacy: { type: 'text', nullable: true },
  status: { type: 'enum', enum: ['new', 'paid'], default: 'new' },
};
const indices = [
  { name: 'orders_by_email', columns: ['email'] },
  { name: 'orders_by_quantity', columns: ['quantity', 'email'] },
];
const checks = [{ name: 'orders_quantity', expression: 'quantity > 0' }];

/** A column that is given as undefined is gone. */
export function shop(options: OrdersOptions = {}): Shop {
  const { columns: changed, ...rest } = options;
  const all = Object.entries({ ...columns, ...changed }).filter(([, column]) => column !== undefined);
  return [
    new EntitySchema({
      name: 'Customer',
      tableName: 'customers',
      columns: { id: { type: 'int', primary: true, generated: 'increment' }, name: { type: 'text' } },
    }),
    new EntitySchema({
      name: 'Order',
      tableName: 'orders',
      indices,
      checks,
      ...rest,
      columns: Object.fromEntries<EntitySchemaColumnOptions>(all),
    }),
  ];
}

/** One change of the shop, which one recipe is for. */
export interface ShopChange {
  readonly name: string;
  readonly after: Shop;
  readonly options?: Partial<GenerateOptions>;
  /** What the new version of the app writes that the old one does not know: values by column. */
  readonly inserts?: Readonly<Record<string, string>>;
}

export const changes: readonly ShopChange[] = [
  { name: 'index', after: shop({ indices: [...indices, { name: 'orders_by_code', columns: ['code'] }] }) },
  {
    name: 'replaced index',
    after: shop({
      indices: [{ name: 'orders_by_email', columns: ['email', 'quantity'] }, ...indices.slice(1)],
    }),
  },
  { name: 'unique', after: shop({ uniques: [{ name: 'orders_code', columns: ['code'] }] }) },
  {
    name: 'foreign key',
    after: shop({
      relations: {
        customer: { type: 'many-to-one', target: 'Customer', joinColumn: { name: 'customer_id' }, nullable: false },
      },
    }),
  },
  { name: 'check', after: shop({ checks: [...checks, { name: 'orders_email', expression: `email LIKE '%@%'` }] }) },
  {
    name: 'set not null',
    after: shop({ columns: { region: { type: 'text' } } }),
    options: { backfills: ["orders.region='east'"] },
  },
  {
    name: 'new uuid, volatile default',
    after: shop({ columns: { token: { type: 'uuid', default: () => 'gen_random_uuid()' } } }),
  },
  {
    name: 'new not null column, backfilled',
    after: shop({ columns: { total: { type: 'int' } } }),
    options: { backfills: ['orders.total=quantity * 2'] },
    inserts: { total: '2' },
  },
  { name: 'int to bigint', after: shop({ columns: { quantity: { type: 'bigint', default: 1 } } }) },
  {
    name: 'key to bigint',
    after: shop({ columns: { id: { type: 'bigint', primary: true, generated: 'increment' } } }),
  },
  {
    name: 'timestamp to timestamptz',
    after: shop({ columns: { placed: { type: 'timestamptz', default: () => 'now()' } } }),
    options: { storedTimezone: 'UTC' },
  },
  { name: 'wider varchar', after: shop({ columns: { email: { type: 'varchar', length: 80 } } }) },
  {
    name: 'dropped column',
    after: shop({ columns: { legacy: undefined as never } }),
    options: { allowDestructive: true },
  },
  {
    name: 'value of an enum',
    after: shop({ columns: { status: { type: 'enum', enum: ['new', 'sent', 'paid'], default: 'new' } } }),
  },
];

const everythingOrders: OrdersOptions = {
  columns: {
    region: { type: 'text' },
    token: { type: 'uuid', default: () => 'gen_random_uuid()' },
    total: { type: 'int' },
    quantity: { type: 'bigint', default: 1 },
    placed: { type: 'timestamptz', default: () => 'now()' },
    email: { type: 'varchar', length: 80 },
    status: { type: 'enum', enum: ['new', 'sent', 'paid'], default: 'new' },
    legacy: undefined as never,
  },
  indices: [
    { name: 'orders_by_email', columns: ['email', 'region'] },
    { name: 'orders_by_quantity', columns: ['quantity', 'email'] },
    { name: 'orders_by_code', columns: ['code', 'email'] },
  ],
  uniques: [{ name: 'orders_code', columns: ['code'] }],
  checks: [...checks, { name: 'orders_email', expression: `email LIKE '%@%'` }],
  relations: {
    customer: { type: 'many-to-one', target: 'Customer', joinColumn: { name: 'customer_id' }, nullable: false },
  },
};

/** All of them at once. */
export const everything: ShopChange = {
  name: 'everything',
  after: shop(everythingOrders),
  options: {
    backfills: ['orders.total=quantity * 2', "orders.region='east'"],
    storedTimezone: 'UTC',
    allowDestructive: true,
  },
};

/** What people change most, on a table in use; and what the file is called. */
export const everyday: readonly (ShopChange & { readonly file: string })[] = [
  {
    name: 'a column NOT NULL with a unique index',
    file: 'AddSlugToOrders.js',
    after: shop({
      columns: { slug: { type: 'text' } },
      indices: [...indices, { name: 'orders_by_slug', columns: ['slug'], unique: true }],
    }),
    options: { backfills: ['orders.slug=md5(id::text)'] },
  },
  {
    name: 'a column that is renamed',
    file: 'RenameOrderNoteToRemark.js',
    after: shop({ columns: { note: undefined as never, remark: { type: 'text', nullable: true } } }),
    options: { renames: ['orders.note=remark'] },
  },
  {
    name: 'a value of an enum',
    file: 'AddSentToOrderStatus.js',
    after: shop({ columns: { status: { type: 'enum', enum: ['new', 'sent', 'paid'], default: 'new' } } }),
  },
];

/** And after that, another one. */
export const withoutNote: ShopChange = {
  name: 'without note',
  after: shop({ ...everythingOrders, columns: { ...everythingOrders.columns, note: undefined as never } }),
  options: { allowDestructive: true },
};

export function rowsOf(orders: number): string {
  return `INSERT INTO customers (name) SELECT 'customer ' || g FROM generate_series(1, 1000) g;
    INSERT INTO orders (customer_id, email, code, quantity, note, region, legacy)
      SELECT g % 1000 + 1, 'buyer' || g || '@shop.example', md5(g::text), g % 100 + 1, 'note', 'north', 'old'
      FROM generate_series(1, ${orders}) g;
    ANALYZE`;
}

/** A folder of generated migrations, for one database after the other. */
export interface MigrationsFolder {
  readonly dir: string;
  generate(entities: Shop, options?: Partial<GenerateOptions>): Promise<GenerateResult>;
  run(url: string, options?: RunOptions, settings?: MigrateSettings): Promise<RunResult>;
  /** The same for anything else that a migrator does. */
  with<T>(url: string, work: (migrator: Migrator) => Promise<T>): Promise<T>;
  texts(): readonly string[];
  /** Takes away what was generated last. */
  forget(result: GenerateResult): void;
  remove(): void;
}

/** A database of the old version of the app, with this number of orders. */
export async function filledShop(folder: MigrationsFolder, orders: number): Promise<TestDatabase> {
  await folder.generate(shop(), { name: 'Initial' });
  const database = await createDatabase();
  await folder.run(database.url);
  await database.query(rowsOf(orders));
  return database;
}

export function createFolder(): MigrationsFolder {
  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-shop-'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const files: string[] = [];
  let latest: Shop = [];
  const use = async <T>(
    url: string,
    entities: Shop,
    settings: MigrateSettings,
    work: (migrator: Migrator) => Promise<T>,
  ): Promise<T> => {
    const dataSource = new DataSource({
      type: 'postgres',
      url,
      entities: [...entities],
      migrations: [`${dir}/*.js`],
    });
    const migrator = createMigrator({ dataSource, settings: { dir, outOfOrder: 'run', ...settings } });
    try {
      return await work(migrator);
    } finally {
      await migrator.close();
    }
  };
  return {
    dir,
    generate: async (entities, options) => {
      const result = await use(serverUrl(), entities, {}, (migrator) =>
        migrator.generate({ language: 'js', moduleKind: 'esm', shadow: serverUrl(), ...options }),
      );
      files.push(...result.files);
      latest = entities;
      return result;
    },
    run: (url, options, settings = {}) => use(url, latest, settings, (migrator) => migrator.run(options)),
    with: (url, work) => use(url, latest, {}, work),
    texts: () => files.map((file) => readFileSync(file, 'utf8')),
    forget: (result) => {
      for (const file of result.files) rmSync(file);
      files.splice(files.length - result.files.length);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
