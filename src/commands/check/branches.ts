import { fromHere } from '../../data-source/describe.js';
import { messageOf, isMigrateError } from '../../errors.js';
import { forksOf } from '../../files/branches.js';
import type { Fork } from '../../files/branches.js';
import { lockName } from '../../files/lock-place.js';
import type { KnownMigration } from '../../files/migration.js';
import type { LockEntry } from '../../files/migrations-lock.js';
import { differences } from '../../schema/fingerprint.js';
import type { Fingerprint } from '../../schema/fingerprint.js';
import { hashOf } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { chainOf, executing, wholeKey } from '../../shadow/replay-key.js';
import type { Chain } from '../../shadow/replay-key.js';
import { lookAt } from '../../shadow/look.js';
import { replay } from '../../shadow/replay.js';
import type { CheckFinding } from './types.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { beginningOf, withMigratableShadow } from '../../snapshot/migratable-shadow.js';
import { isBroken, notJudged, rethrowImpossible, shortened } from './work.js';
import type { CheckWork } from './work.js';

/** Checks that the migrations of merged branches lead to the same schema in whichever order they run. */
export async function branchesStep(work: CheckWork): Promise<readonly CheckFinding[]> {
  const forks = work.lock.content === undefined ? [] : forksOf(work.lock.content);
  if (forks.length === 0) return [];
  if (isBroken(work)) return [notJudged];
  const findings: CheckFinding[] = [];
  for (const fork of forks) {
    const meeting = meetingAt(fork, work);
    if (meeting.branches.length > 1) findings.push(await judged(meeting, work));
  }
  return findings;
}

type Migrations = readonly KnownMigration[];

/** A fork, with the migrations that exist here. */
interface Meeting {
  readonly base: Migrations;
  readonly branches: readonly Migrations[];
  readonly after: Migrations;
  /** The line of the last branch's first migration in the lock. */
  readonly line: number;
}

function meetingAt(fork: Fork, { migrations, lock }: CheckWork): Meeting {
  const nameOf = new Map(lock.place.sources.map(({ file, name }) => [file, name]));
  const among = (entries: readonly LockEntry[]): Migrations => {
    const names = new Set(entries.map(({ name }) => name));
    return migrations.filter(({ file }) => file !== undefined && names.has(nameOf.get(file) ?? ''));
  };
  const branches = fork.branches.map(among).filter((branch) => branch.length > 0);
  const parted = Math.min(...branches.flat().map(({ timestamp }) => timestamp));
  const inside = new Set(branches.flat());
  const later = new Set(among(fork.after));
  const locked = new Set(among(lock.content?.entries ?? []));
  const isAfter = (one: KnownMigration): boolean => later.has(one) || (!locked.has(one) && one.timestamp > parted);
  const others = migrations.filter((one) => !inside.has(one));
  return {
    base: others.filter((one) => !isAfter(one)),
    branches,
    after: others.filter(isAfter),
    line: fork.branches.at(-1)?.[0]?.line ?? 1,
  };
}

async function judged(meeting: Meeting, work: CheckWork): Promise<CheckFinding> {
  const cache = cacheFor(work.options);
  const orders = ordersOf(meeting, work.migrations);
  const beginning = await beginningOf(work.context);
  const chains = orders.map((order) => chainOf(order, beginning));
  const keys = chains.flatMap((chain) => wholeKey(chain) ?? []);
  const key = keys.length === orders.length ? `branches ${hashOf(keys)}` : undefined;
  const known = key === undefined ? undefined : await cache.get<Quarrel>(key);
  const quarrel = known ?? (await judgedNow(chains, key, cache, work));
  const place = { file: fromHere(work.lock.place.file), line: meeting.line };
  const who = meeting.branches.map((branch) => `  ${namesOf(branch)}`).join('\n');
  if (quarrel.lines.length === 0)
    return {
      severity: 'notice',
      message: `Two or more branches have been merged in ${lockName}:\n${who}\nTheir migrations produce the same schema in every order.`,
      ...place,
      next: 'To accept this: nest-migrate check --write-lock, and commit the file',
    };
  return {
    severity: 'error',
    message: `Two or more branches have been merged in ${lockName}, and their migrations conflict:\n${who}\n${quarrel.lines.join('\n')}`,
    ...place,
    next: remedy(meeting),
  };
}

async function judgedNow(
  chains: readonly Chain[],
  key: string | undefined,
  cache: SchemaCache,
  work: CheckWork,
): Promise<Quarrel> {
  const orders = chains.map(({ migrations }) => migrations);
  const { value: quarrel, isSure } = await executing(chains, () => quarrelOf(orders, work));
  if (key !== undefined && isSure) await cache.set(key, quarrel);
  return quarrel;
}

/** The orders with each of the branches first, and the order by timestamp, in which a new database runs the migrations. */
function ordersOf({ base, branches, after }: Meeting, byTimestamp: Migrations): readonly Migrations[] {
  const orders = branches.map((first) => [
    ...base,
    ...first,
    ...branches.filter((branch) => branch !== first).flat(),
    ...after,
  ]);
  const all = [...orders, byTimestamp];
  return [...new Map(all.map((order) => [namesOf(order), order])).values()];
}

/** The differences between the orders, in words. */
interface Quarrel {
  readonly lines: readonly string[];
}

async function quarrelOf(orders: readonly Migrations[], work: CheckWork): Promise<Quarrel> {
  const results: { readonly order: Migrations; readonly schema: Fingerprint }[] = [];
  const lines: string[] = [];
  for (const order of orders) {
    const result = await resultOf(order, work);
    if (typeof result === 'string') lines.push(`In the order ${tailOf(order, orders)}: ${result}`);
    else results.push({ order, schema: result });
  }
  const [first, ...others] = results;
  for (const other of others) {
    const differing = first ? differences(first.schema, other.schema) : [];
    if (first === undefined || differing.length === 0) continue;
    lines.push(
      `After ${tailOf(other.order, orders)}, compared to ${tailOf(first.order, orders)}:`,
      ...shortened(differing).map((line) => `  ${line}`),
    );
  }
  return { lines };
}

/** The resulting schema, or the reason why there is none. */
async function resultOf(order: Migrations, work: CheckWork): Promise<Fingerprint | string> {
  try {
    return await withMigratableShadow(work.context, { url: work.options.shadow }, async (shadow) => {
      await replay(shadow, order, work.context.instantiate);
      return (await lookAt(shadow)).fingerprint;
    });
  } catch (error) {
    rethrowImpossible(error);
    if (isMigrateError(error) && error.code === 'CANCELLED') throw error;
    return messageOf(error).replace(/\s*Nothing was written\./, '');
  }
}

/** An order without the beginning that all orders have in common. */
function tailOf(order: Migrations, orders: readonly Migrations[]): string {
  const same = order.findIndex((one, index) => orders.some((other) => other[index] !== one));
  return namesOf(order.slice(Math.max(0, same)));
}

function namesOf(migrations: Migrations): string {
  return migrations.map(({ name }) => name).join(', ');
}

/** Suggests generating the migrations of the later branch again, after those of the other. */
function remedy({ branches }: Meeting): string {
  const later = branches.toSorted((a, b) => (b[0]?.timestamp ?? 0) - (a[0]?.timestamp ?? 0))[0] ?? [];
  // A file with several migrations is named after its last one.
  const lasts = later.filter(({ file }, index) => later[index + 1]?.file !== file);
  const files = lasts.map(({ file }) => fromHere(file ?? ''));
  const newest = Math.max(...branches.flat().map(({ timestamp }) => timestamp), Date.now());
  const moves = lasts.map((last, index) => {
    const { timestamp } = last;
    const before = later.indexOf(last);
    const from = files[index] ?? '';
    return `git mv ${from} ${from.replace(String(timestamp), String(newest + 1 + before))}`;
  });
  return [
    `Revert ${later.length === 1 ? 'the later one' : 'the later ones'} wherever already applied (nest-migrate revert), then generate ${later.length === 1 ? 'it' : 'them'} again after the other branch:`,
    `rm ${files.join(' ')} && nest-migrate generate && nest-migrate check --write-lock`,
    `If written by hand, correct and rename instead (including the class):`,
    `${moves.join(' && ')} && nest-migrate check --write-lock`,
  ].join('\n');
}
