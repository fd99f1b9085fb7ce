import type { Aftermath } from './claims.js';
import type { Category, Finding } from './findings.js';
import { ask, until } from './place.js';
import { accounts, marker, visits } from './project.js';
import type { FireProject } from './project.js';
import { differences, schemaOf } from './schema.js';

export async function aftermathOf(url: string): Promise<Aftermath> {
  const [ledger, log] = await Promise.all([
    ask(url, 'SELECT name FROM migrations ORDER BY id'),
    ask(
      url,
      `SELECT migration, state, pid, extract(epoch FROM started_at) * 1000 AS started FROM migrations_log ORDER BY id`,
    ),
  ]);
  return {
    ledger: ledger.map(({ name }) => String(name)),
    log: log.map(({ migration, state, pid, started }) => ({
      migration: String(migration),
      state: String(state),
      pid: Number(pid),
      startedAt: Number(started),
    })),
  };
}

/** Compares a database in which everything is applied at last with one that was made without any fault. */
export async function judgeEnd(
  url: string,
  freshUrl: string,
  { base, made }: FireProject,
  written: readonly number[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const find = (category: Category, text: string): void => void findings.push({ category, text });
  const migrations = [base, ...made];
  const names = migrations.flatMap((one) => one.names);
  const { ledger, log } = await aftermathOf(url);
  for (const name of names) {
    const count = ledger.filter((one) => one === name).length;
    if (count !== 1) find(count > 1 ? 'doubled' : 'lost', `the ledger has ${name} ${count} times`);
  }
  const trail = (await ask(url, 'SELECT name, direction FROM trail ORDER BY id')) as unknown as readonly Step[];
  for (const name of names) for (const one of judgeTrail(name, trail, log)) find(one.category, one.text);
  for (const { migration, state } of log.filter((row) => row.state === 'started'))
    find('left over', `the log still says ${state} of ${migration}`);
  for (const line of differences(await schemaOf(url), await schemaOf(freshUrl)))
    find(/ f$| f f$/.test(line) ? 'left over' : 'lost', `the schema has ${line}`);
  for (const one of await judgeRows(url, migrations, written)) find(one.category, one.text);
  await until('no advisory lock', async () => (await advisoryLocks(url)) === 0, 15_000).catch(() =>
    find('left over', 'an advisory lock is still held'),
  );
  const secret = await ask(
    url,
    `SELECT 1 FROM migrations_log l WHERE l::text LIKE '%${marker}%' UNION ALL SELECT 1 FROM migrations m WHERE m::text LIKE '%${marker}%'`,
  );
  if (secret.length > 0) find('passwords', 'the log contains the password');
  return findings;
}

interface Step {
  readonly name: string;
  readonly direction: 'up' | 'down';
}

/** Each migration has written where it went: up and down must alternate, as often as the log says. */
function judgeTrail(name: string, trail: readonly Step[], log: Aftermath['log']): readonly Finding[] {
  const steps = trail.filter((step) => step.name === name).map(({ direction }) => direction);
  const findings: Finding[] = [];
  const wrong = steps.findIndex((step, index) => step !== (index % 2 === 0 ? 'up' : 'down'));
  if (wrong !== -1) findings.push({ category: 'doubled', text: `${name} ran ${steps.join(', ')}` });
  if (steps.at(-1) !== 'up') findings.push({ category: 'lost', text: `${name} is not applied: ${steps.join(', ')}` });
  for (const [direction, state] of [
    ['up', 'applied'],
    ['down', 'reverted'],
  ]) {
    const ran = steps.filter((step) => step === direction).length;
    const recorded = log.filter((row) => row.migration === name && row.state === state).length;
    if (ran === recorded) continue;
    const category = ran > recorded ? 'doubled' : 'lost';
    findings.push({ category, text: `${name} went ${direction} ${ran} times, and the log says ${recorded}` });
  }
  return findings;
}

async function judgeRows(
  url: string,
  migrations: FireProject['made'],
  written: readonly number[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const credit = migrations.reduce((sum, one) => sum + one.credit, 0);
  const [balances] = await ask(
    url,
    `SELECT count(*)::int AS n, min(balance)::int AS low, max(balance)::int AS high FROM account`,
  );
  const [n, low, high] = [balances?.['n'], balances?.['low'], balances?.['high']];
  if (n !== accounts || low !== credit || high !== credit) {
    const category = Number(high) > credit ? 'doubled' : 'lost';
    findings.push({
      category,
      text: `the balances of ${String(n)} accounts are ${String(low)} to ${String(high)} instead of ${credit}`,
    });
  }
  const filled = migrations
    .flatMap(({ names }) => names)
    .flatMap((name) => /^(?:Batches|Backfill)(\d+)$/.exec(name)?.[1] ?? [])
    .map(
      (timestamp) => (migrations.some(({ names }) => names.includes(`Batches${timestamp}`)) ? 'b' : 'f') + timestamp,
    );
  const isWhole = ['n = id % 97', 'note = md5(id::text)', ...filled.map((column) => `${column} = n * 2`)].join(' AND ');
  const [whole] = await ask(url, `SELECT count(*)::int AS n FROM visit WHERE id <= ${visits} AND ${isWhole}`);
  if (whole?.['n'] !== visits)
    findings.push({
      category: 'lost',
      text: `only ${String(whole?.['n'])} of ${visits} rows are what they should be (${isWhole})`,
    });
  const there = new Set(
    (await ask(url, `SELECT id::int AS id FROM visit WHERE id > ${visits} AND n = id % 97`)).map(({ id }) => id),
  );
  const lost = written.filter((id) => !there.has(id));
  if (lost.length > 0)
    findings.push({ category: 'lost', text: `${lost.length} rows that a client has written are gone` });
  return findings;
}

async function advisoryLocks(url: string): Promise<number> {
  const [row] = await ask(
    url,
    `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return Number(row?.['n']);
}
