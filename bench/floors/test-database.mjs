// What a test file waits for, in one process: its first database, a second one, and the way back to a clean one after a test has written to
// five tables. `process` and `server` are nest-migrate/testing; `synchronize` and `migrations` are TypeORM on a new database.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { DataSource, EntitySchema } = await load('typeorm');
// A test of a Nest app has loaded it anyway.
await load('@nestjs/typeorm');
const pg = (await load('pg')).default;
const [how, count] = [process.argv[2], Number(process.argv[3])];
const server = process.env.DATABASE_URL;

/** The tables that the migrations make. */
const entities = Array.from({ length: count }, (_, index) => {
  const name = `item_${String(index + 1).padStart(4, '0')}`;
  const columns = {
    id: { type: 'int', primary: true, generated: 'increment' },
    name: { type: 'varchar', length: 100 },
    email: { type: 'varchar', length: 255, nullable: true },
    created_at: { type: 'timestamptz', createDate: true },
  };
  return new EntitySchema({ name, tableName: name, columns, indices: [{ name: `${name}_name`, columns: ['name'] }] });
});
const options = { type: 'postgres', url: server, entities, migrations: [join(process.cwd(), 'migrations/*.js')] };

const ours = async () => {
  const { createTestDatabase } = await load('nest-migrate/testing');
  return createTestDatabase(new DataSource(options), how === 'server' ? { server: true } : {});
};

async function theirs() {
  const name = `bench_test_${process.pid}_${Math.random().toString(36).slice(2)}`;
  const admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const dataSource = await new DataSource({ ...options, url: server.replace(/\/[^/]*$/, `/${name}`) }).initialize();
  if (how === 'synchronize') await dataSource.synchronize();
  else await dataSource.runMigrations({ transaction: 'each' });
  const tables = dataSource.entityMetadatas.map(({ tablePath }) => `"${tablePath}"`).join(', ');
  return {
    dataSource,
    // What is usually written for it; rows of migrations are lost.
    reset: () => dataSource.query(`TRUNCATE ${tables} RESTART IDENTITY CASCADE`),
    close: async () => {
      await dataSource.destroy();
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}

async function timed(work) {
  const started = performance.now();
  const value = await work();
  return [(performance.now() - started) / 1000, value];
}

const open = how === 'process' || how === 'server' ? ours : theirs;
const [first, one] = await timed(open);
const [second, other] = await timed(open);
const resets = [];
for (let test = 0; test < 20; test++) {
  for (const { tableName } of entities.slice(0, 5).map((entity) => entity.options)) {
    await one.dataSource.query(`INSERT INTO "${tableName}" (name) VALUES ('Ada'), ('Bo')`);
  }
  const [seconds] = await timed(() => one.reset());
  const [{ rows }] = await one.dataSource.query('SELECT count(*)::int AS rows FROM item_0001');
  if (rows !== 0) throw new Error(`${how}: ${rows} rows are left after the reset.`);
  resets.push(seconds);
}
const sorted = resets.toSorted((a, b) => a - b);
await one.close();
await other.close();
process.stdout.write(JSON.stringify({ first, second, reset: sorted[10] }));
