import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDatabase } from '../support/database.js';
import { createDatabase, serverUrl } from '../support/database.js';
import { migration, using } from '../support/migrations.js';

/** What a plan says of the duration of a statement, and how long it then takes. */
export interface Measured {
  readonly place: string;
  readonly rows: number;
  readonly statement: string;
  readonly from: number;
  readonly to: number;
  readonly took: number;
}

const table = (name: string, rows: number, space: string): string =>
  `CREATE TABLE ${name} TABLESPACE ${space} AS SELECT g::int AS id, (g % 1000)::int AS a, md5(g::text) AS t FROM generate_series(1, ${rows}) g;
   ALTER TABLE ${name} ADD PRIMARY KEY (id) USING INDEX TABLESPACE ${space}`;

/** DELETE and UPDATE, which leave dead rows, come last. */
const statements: readonly (readonly [name: string, sql: (name: string) => string])[] = [
  ['SET NOT NULL', (name) => `ALTER TABLE ${name} ALTER t SET NOT NULL`],
  ['CHECK', (name) => `ALTER TABLE ${name} ADD CONSTRAINT c CHECK (a >= 0)`],
  ['FOREIGN KEY', (name) => `ALTER TABLE ${name} ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES ${name} (id)`],
  ['CREATE INDEX (int)', (name) => `CREATE INDEX i ON ${name} (a)`],
  ['CREATE INDEX (text)', (name) => `CREATE INDEX i ON ${name} (t)`],
  ['CREATE INDEX CONCURRENTLY', (name) => `CREATE INDEX CONCURRENTLY i ON ${name} (t)`],
  ['ALTER TYPE', (name) => `ALTER TABLE ${name} ALTER a TYPE bigint`],
  ['DELETE', (name) => `DELETE FROM ${name}`],
  ['UPDATE', (name) => `UPDATE ${name} SET a = a + 1`],
];

/** On tables of several sizes, in places of different speed: folders in which the server may write. */
export async function measureDurations(
  places: readonly string[],
  sizes: readonly number[],
): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  const database = await createDatabase();
  try {
    for (const place of places) {
      const folder = mkdtempSync(join(place, 'nest-migrate-space-'));
      const data = String((await database.query('SHOW data_directory'))[0]?.['data_directory']);
      const { uid, gid } = statSync(data);
      chownSync(folder, uid, gid);
      const space = `space_${database.name}`;
      await database.query(`CREATE TABLESPACE ${space} LOCATION '${folder}'`);
      try {
        for (const rows of sizes) measured.push(...(await measure(database, { place, space, rows })));
      } finally {
        await database.query(`DROP TABLESPACE ${space}`);
        rmSync(folder, { recursive: true, force: true });
      }
    }
    return measured;
  } finally {
    await database.drop();
  }
}

interface Case {
  readonly place: string;
  readonly space: string;
  readonly rows: number;
}

async function measure(database: TestDatabase, { place, space, rows }: Case): Promise<readonly Measured[]> {
  await database.query(table('sized', rows, space));
  await database.query('VACUUM ANALYZE sized');
  const found: Measured[] = [];
  for (const [statement, sqlFor] of statements) {
    const sql = sqlFor('sized');
    const isAlone = sql.includes('CONCURRENTLY');
    const one = migration('Change1700000000001', { up: [sql], ...(isAlone && { transaction: false as const }) });
    const { result } = await using({ url: database.url, migrations: [one] }, (migrator) =>
      migrator.plan({ shadow: serverUrl() }),
    );
    const { from = NaN, to = NaN } = result.migrations[0]?.seconds ?? {};
    if (!isAlone) await database.query('BEGIN');
    const started = performance.now();
    await database.query(sql);
    const took = (performance.now() - started) / 1000;
    await database.query(isAlone ? 'DROP INDEX i' : 'ROLLBACK');
    found.push({ place, rows, statement, from, to, took });
    if (statement === 'DELETE') await database.query('VACUUM ANALYZE sized');
  }
  await database.query('DROP TABLE sized');
  return found;
}

export function tableOf(measured: readonly Measured[]): string {
  const shown = (seconds: number): string =>
    seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(1)} s`;
  const lines = measured.map(
    ({ place, rows, statement, from, to, took }) =>
      `| ${place} | ${rows.toLocaleString('en')} | ${statement} | ${shown(from)} to ${shown(to)} | ${shown(took)} | ${from <= took && took <= to ? '' : took < from ? 'shorter' : 'longer'} |`,
  );
  return ['| place | rows | statement | plan | took | |', '| --- | ---: | --- | --- | --- | --- |', ...lines].join(
    '\n',
  );
}
