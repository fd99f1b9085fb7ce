import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createMigrator } from '../../src/migrator.js';
import type { DriftOptions, DriftResult, MigrateSettings } from '../../src/index.js';
import { runCli } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const shop = `-- up
CREATE TYPE user_role AS ENUM ('admin', 'member');
CREATE TYPE address AS (street text, city text);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE SCHEMA billing;
CREATE TABLE users (
  id serial PRIMARY KEY,
  name varchar(50) NOT NULL DEFAULT 'nobody',
  mail email UNIQUE,
  role user_role NOT NULL DEFAULT 'member',
  home address,
  tags text[] NOT NULL DEFAULT '{}',
  born date CHECK (born > '1900-01-01'),
  data jsonb DEFAULT '{}'::jsonb,
  made_at timestamptz NOT NULL DEFAULT now(),
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED
);
CREATE UNIQUE INDEX users_name_idx ON users (lower(name)) WHERE role = 'admin';
CREATE TABLE billing.invoices (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
  amount numeric(10, 2) NOT NULL DEFAULT 0,
  EXCLUDE USING gist (int4range(user_id, user_id + 1) WITH &&)
);
COMMENT ON COLUMN users.name IS 'as they like to be called';
CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE INDEX events_at ON events (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW admins AS SELECT id, name, extract(year FROM born) AS year FROM users WHERE role = 'admin';
CREATE VIEW spenders AS SELECT u.*, (SELECT sum(amount) FROM billing.invoices WHERE user_id = u.id) FROM users u;
CREATE VIEW names AS SELECT name FROM admins ORDER BY name;
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(amount) AS total FROM billing.invoices GROUP BY user_id;
CREATE INDEX totals_user ON totals (user_id);
CREATE FUNCTION newest() RETURNS int BEGIN ATOMIC SELECT max(id) FROM users; END;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.made_at = now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION touch();
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (id IN (SELECT user_id FROM billing.invoices));
CREATE RULE quiet AS ON DELETE TO events DO INSTEAD SELECT at FROM events WHERE what = 'x';
CREATE EXTENSION citext;
CREATE TABLE words (word citext PRIMARY KEY);
CREATE VIEW loud AS SELECT word FROM words;
-- down
`;
const later = `-- up
ALTER TABLE users ADD nick text;
-- down
`;

let project: TestProject;
let template: TestDatabase;
let database: TestDatabase;
beforeAll(async () => {
  project = createProject({
    'package.json': '{ "name": "app", "type": "module" }',
    'data-source.js': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ entities: [], migrations: ['migrations/*.sql'] });
`,
    'migrations/1700000000001-shop.sql': shop,
  });
  template = await createDatabase();
  const { code, stderr } = await cli('run', template.url);
  if (code !== 0) throw new Error(stderr);
  await template.disconnect();
  project.write('migrations/1700000000002-later.sql', later);
});
afterAll(async () => {
  await template.drop();
  project.remove();
});
beforeEach(async () => void (database = await createDatabase(template.name)));
afterEach(() => database.drop());

const cli = (command: string, url = database.url, ...args: readonly string[]) =>
  runCli([command, ...args], { cwd: project.dir, env: { DATABASE_URL: url } });

/** The command without a process, with throwaway databases of another version than the server's. */
async function drift(options: DriftOptions = {}, settings: MigrateSettings = {}): Promise<DriftResult> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: [`${project.dir}/migrations/*.sql`],
  });
  return createMigrator({ dataSource, settings }).drift(options);
}

it('a database that the migrations made has none, on another version of PostgreSQL too', async () => {
  expect(await drift()).toEqual({ drift: [], repair: [], adopt: [], ignored: [], warnings: [] });
  expect(await drift({ shadow: serverUrl() })).toEqual({ drift: [], repair: [], adopt: [], ignored: [], warnings: [] });
});
