import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createTables } from './corpus/create-tables.mjs';
import { writeProject } from './corpus/files.mjs';
import { countRoundTrips } from './measure/round-trips.mjs';
import { runProcess } from './measure/process.mjs';
import { Saves } from './measure/saves.mjs';
import { inTurns } from './measure/turns.mjs';
import { work } from './paths.mjs';
import { duration } from './report/table.mjs';

const onlyOnce = { seconds: Infinity, least: 1, most: 1, warmUp: false };

/** What all rows share: the server, databases, projects, and how much there is to do. */
export function openBench({ server, quick, once, say }) {
  const tmp = join(work, 'tmp');
  mkdirSync(tmp, { recursive: true });
  const applied = new Map();
  const environmentOf = ({ dir, url, env }, more) => ({
    cwd: dir,
    env: { TMPDIR: tmp, DATABASE_URL: url, NEST_MIGRATE_CACHE: join(tmp, 'cache'), ...env, ...more },
  });

  const bench = {
    quick,
    server,
    say,
    /** Numbers of migrations or tables: the small ones in a quick run. */
    sizes: (full, small) => (quick ? small : full),
    /** Runs the cells so long and so often, or only once, and says what came out. */
    inTurns: async (cells, { unit = duration, ...effort }) => {
      const figures = await inTurns(cells, once ? onlyOnce : effort);
      for (const [name, { median, runs }] of figures) say(`    ${unit(median).padStart(8)}  ${name}, ${runs} ×`);
      return figures;
    },
    createDatabase: (name) => inDatabase(server.urlOf('postgres'), (client) => recreate(client, name)),
    dropDatabase: (name) => inDatabase(server.urlOf('postgres'), (client) => drop(client, name)),
    ask: (database, sql) => inDatabase(server.urlOf(database), async (client) => (await client.query(sql)).rows),
    /** A project of a tool in a folder of its own, with a database of its own. */
    place: (tool, name, files) => {
      const slug = `${tool.name} ${name}`.toLowerCase().replace(/\W+/g, '_');
      const dir = writeProject(join(tool.home, slug), files);
      return { tool, dir, database: slug, url: server.urlOf(slug), env: tool.env ?? {} };
    },
    perform: (place, argv, { env, ...options } = {}) => runProcess(argv, { ...environmentOf(place, env), ...options }),
    /** A `dev --watch`, which goes on until it is stopped. */
    watch: (place, argv) => Saves.start(argv, environmentOf(place)),
    /** How often the tool waits for the server while `work(place)` runs, where the place has another way to the same database. */
    roundTrips: (place, work) =>
      countRoundTrips(server.port, (port) =>
        work({ ...place, url: place.url.replace(`:${server.port}/`, `:${port}/`) }),
      ),
    /** `run` on a new database, where everything is pending. */
    applyAll: async (place, count, options) => {
      // DROP DATABASE ends with a checkpoint, so no run has to write what an earlier one has left.
      await bench.createDatabase(place.database);
      const ended = await bench.perform(place, place.tool.run(place), options);
      await bench.verifyApplied(place, count);
      return ended;
    },
    /** The work was done, and is in the ledger. */
    verifyApplied: async ({ tool, database }, count) => {
      const ledger = tool.ledger === undefined ? count : `(SELECT count(*) FROM ${tool.ledger})`;
      const [found] = await bench.ask(
        database,
        `SELECT count(*) FILTER (WHERE c.relkind = 'r')::int AS tables, count(*) FILTER (WHERE c.relname LIKE '%\\_name')::int AS indexes, ${ledger}::int AS ledger
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'item\\_%'`,
      );
      if (Object.values(found).some((number) => number !== count)) {
        throw new Error(
          `${tool.name} was to apply ${count} migrations, and the database has ${JSON.stringify(found)}.`,
        );
      }
    },
    /** A place where so many migrations are applied, made by the tool itself the first time that a row asks for it. */
    appliedPlace: async (tool, count) => {
      const key = `${tool.name} ${count}`;
      if (!applied.has(key)) applied.set(key, await makeApplied(tool, count));
      return applied.get(key);
    },
  };

  async function makeApplied(tool, count) {
    const place = bench.place(tool, `applied ${count}`, tool.project(createTables(count)));
    await bench.applyAll(place, count);
    return place;
  }

  return bench;
}

const drop = (client, name) => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);

async function recreate(client, name) {
  await drop(client, name);
  await client.query(`CREATE DATABASE "${name}"`);
}

async function inDatabase(url, work) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
