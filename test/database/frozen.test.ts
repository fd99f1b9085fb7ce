import { describe, expect, it } from '@jest/globals';
import type { MigrateError } from '../../src/errors.js';
import { describeWait } from '../../src/events.js';
import type { MigrateEvent } from '../../src/events.js';
import { startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import { startProxy } from '../support/proxy.js';
import type { Fault, Moment } from '../support/proxy.js';

const name = 'Credit1700000000001';
const credit = migration(name, { up: ['UPDATE account SET n = n + 100'] });
/** A sixth, a third and the whole of it are how long a reply may be awaited before something is said and done. */
const settings = { replyTimeout: '2400ms', connect: { timeout: '20s', retryEvery: 50 } } as const;

interface Place {
  readonly at: string;
  readonly sql: RegExp;
  readonly moment: Moment;
}

const places: readonly Place[] = [
  { at: 'the question for what is applied', sql: /array_agg\(id\)/, moment: 'request' },
  { at: 'the reply to it', sql: /array_agg\(id\)/, moment: 'reply' },
  { at: 'what TypeORM asks when it connects', sql: /SELECT version\(\)/, moment: 'reply' },
  { at: 'the lock', sql: /pg_try_advisory_xact_lock\(1852142452/, moment: 'reply' },
  { at: 'BEGIN', sql: /START TRANSACTION/, moment: 'reply' },
  { at: 'a statement', sql: /UPDATE account/, moment: 'reply' },
  { at: 'COMMIT', sql: /INTO "migrations" [\s\S]*COMMIT/, moment: 'reply' },
  { at: 'the last ROLLBACK', sql: /^ROLLBACK$/, moment: 'request' },
];

interface Outcome {
  readonly outcome: unknown;
  readonly ledger: readonly unknown[];
  readonly n: unknown;
  readonly events: readonly MigrateEvent[];
}

/** A run over a connection to which this happens at this place, on a database of its own. */
async function runFrozen({ sql, moment }: Place, fault: Fault, then: 'go on' | 'stop'): Promise<Outcome> {
  const database = await createDatabase();
  const proxy = await startProxy(database.url);
  await database.query('CREATE TABLE account (n int); INSERT INTO account VALUES (0)');
  const controller = new AbortController();
  const events: MigrateEvent[] = [];
  const onEvent = (event: MigrateEvent): void => void events.push(event);
  const frozen = proxy.fault(sql, moment, fault, then === 'stop' ? proxy.freeze : undefined);
  const how = { url: proxy.url, migrations: [credit], settings, onEvent, signal: controller.signal };
  const run = using(how, (migrator) => migrator.run()).then(
    ({ result }) => result.applied.map((one) => one.name),
    (error: MigrateError) => `${error.code}: ${error.message}`,
  );
  await frozen;
  if (then === 'stop') controller.abort('SIGTERM');
  const outcome = await run;
  const rows = await database.query(`SELECT to_regclass('migrations') IS NOT NULL AS has_ledger, n FROM account`);
  const ledger = rows[0]?.['has_ledger'] ? await database.query('SELECT name FROM migrations') : [];
  await proxy.close();
  await database.drop();
  return { outcome, ledger: ledger.map((row) => row['name']), n: rows[0]?.['n'], events };
}

async function atEach(fault: Fault, then: 'go on' | 'stop'): Promise<Readonly<Record<string, Outcome>>> {
  const outcomes = await Promise.all(places.map((place) => runFrozen(place, fault, then)));
  return Object.fromEntries(places.map(({ at }, index) => [at, outcomes[index] as Outcome]));
}

/** Whatever was lost before the migration was started is done again, and what became of it is found out afterwards. */
function expectToGoOn(outcomes: Readonly<Record<string, Outcome>>): void {
  for (const [at, { outcome, ledger, n }] of Object.entries(outcomes)) {
    const expected =
      at === 'a statement' ? [expect.stringContaining('was lost before COMMIT'), [], 0] : [[name], [name], 100];
    expect([at, outcome, ledger, n]).toEqual([at, ...expected]);
  }
}

describe('a connection', () => {
  it('that freezes at any point is replaced after another connection shows that no reply can arrive', async () => {
    const outcomes = await atEach('freeze', 'go on');
    expectToGoOn(outcomes);
    for (const [at, { events }] of Object.entries(outcomes).filter(([at]) => at !== 'the last ROLLBACK'))
      expect([at, events.map(({ type }) => type)]).toEqual([at, expect.arrayContaining(['waiting-for-reply'])]);
  });

  it('that is reset at any point is replaced', async () => {
    expectToGoOn(await atEach('cut', 'go on'));
  });
});

describe('when all connections freeze', () => {
  it('at any point, a signal ends the run, which reports what it knows', async () => {
    const outcomes = await atEach('freeze', 'stop');
    for (const [at, { outcome, ledger, n }] of Object.entries(outcomes)) {
      const expected =
        at === 'the last ROLLBACK'
          ? [name]
          : expect.stringMatching(at === 'COMMIT' ? /^OUTCOME_UNKNOWN/ : /^CANCELLED/);
      expect([at, outcome]).toEqual([at, expected]);
      expect([at, n]).toEqual([at, ledger.length * 100]);
    }
  });

  it('the reply is not considered lost, but awaited, and the wait is reported', async () => {
    const database = await createDatabase();
    const proxy = await startProxy(database.url);
    await database.query('CREATE TABLE account (n int)');
    const project = createProject({
      'package.json': '{ "name": "frozen", "nest-migrate": { "replyTimeout": "1200ms" } }',
      'data-source.js': `module.exports = { type: 'postgres', url: '${proxy.url}', migrations: ['migrations/*.sql'] };`,
      'migrations/1700000000001-Credit.sql': '-- up\nUPDATE account SET n = n + 100;',
    });
    const frozen = proxy.fault(/UPDATE account/, 'sent', 'freeze', proxy.freeze);
    const command = startCli(['run', '--json'], { cwd: project.dir });
    await frozen;
    let said = '';
    await new Promise<void>((done) =>
      command.process.stderr?.on('data', (chunk) => {
        said += String(chunk);
        if (said.split('does not answer on another connection').length > 3) done();
      }),
    );
    command.process.kill('SIGTERM');
    const { code, stdout } = await command.result;
    expect([code, JSON.parse(stdout)]).toEqual([
      143,
      expect.objectContaining({ error: expect.objectContaining({ code: 'CANCELLED' }) }),
    ]);
    project.remove();
    await proxy.close();
    await database.drop();
  });

  it('a server that refuses the second connection is not called silent', async () => {
    const [database, other] = [await createDatabase(), await createDatabase()];
    const proxy = await startProxy(database.url);
    await database.query('CREATE TABLE account (n int)');
    const frozen = proxy.fault(/UPDATE account/, 'sent', 'freeze');
    const controller = new AbortController();
    const told: string[] = [];
    const onEvent = (event: MigrateEvent): void => {
      if (event.type !== 'waiting-for-reply') return;
      told.push(describeWait(event, () => 'a while'));
      if (told.length > 1) controller.abort('SIGTERM');
    };
    const how = { url: proxy.url, migrations: [credit], settings, onEvent, signal: controller.signal };
    const run = using(how, (migrator) => migrator.run()).catch((error: MigrateError) => error.code);
    await frozen;
    await other.query(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS false`);
    expect([await run, ...told.slice(0, 2)]).toEqual([
      'CANCELLED',
      ...Array.from({ length: 2 }, () =>
        expect.stringMatching(
          /^Credit\d+: no reply to statement 1 for a while, and the server refuses another connection, .*not currently accepting connections, 55000\)\. Still waiting$/,
        ),
      ),
    ]);
    await proxy.close();
    await database.drop();
    await other.drop();
  });
});
