import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { startNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { Random } from '../support/random.js';
import { startActor } from './actors.js';
import type { Actor, Ended, Part } from './actors.js';
import { judgeClaims } from './claims.js';
import { startWriter } from './clients.js';
import type { Fault, Prepared, Scene, Way } from './faults/fault.js';
import type { Finding } from './findings.js';
import { aftermathOf, judgeEnd } from './oracle.js';
import { asRole, ask, databaseUrl, until } from './place.js';
import type { Place } from './place.js';
import { filesOf, fireProject, role } from './project.js';
import type { FireProject } from './project.js';

export interface Round {
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** They strike only at messages with such SQL. */
  readonly at?: RegExp | undefined;
  /** Where the package lies that makes what is compared with, and the one that is played with. */
  readonly shipped: string;
  readonly installed: string;
}

export interface RoundResult {
  readonly findings: readonly Finding[];
  /** Of each fault, whether it struck. */
  readonly struck: readonly { readonly kind: string; readonly struck: boolean }[];
  readonly processes: number;
}

/** When everything else is over, each process must end within this time. */
const longestMs = 90_000;

/** One project, some processes, one or two faults; then the faults end, and `run` is repeated until it says that it is done. */
export async function playRound({ seed, faults, at, shipped, installed }: Round, place: Place): Promise<RoundResult> {
  const random = new Random(seed);
  if (faults.some(({ on }) => on === 'a new server')) await place.end();
  await place.begin();
  const project = fireProject(random, at ? 'every kind' : 'some kinds');
  const database = `fire_${seed}`;
  const scene: Scene = { place, random, database, at };
  const folders = makeFolders(project, random, installed);
  const dirOf = (deploy: 'first' | 'second'): string => (deploy === 'first' ? folders.first : folders.second).dir;
  const repeat = (args: readonly string[]): Promise<CliResult> =>
    command(installed, dirOf('second'), asRole(databaseUrl(place.server, database)), args);
  const prepared: Prepared[] = [];
  try {
    await makeDatabases(place, database, (args, name) =>
      runCalmly(shipped, folders.second.dir, asRole(databaseUrl(place.server, name)), args),
    );
    for (const fault of faults) if (fault.prepare) prepared.push(await fault.prepare(scene));
    const writer = startWriter(() => asRole(databaseUrl(place.server, database)), random);
    const ways: Way[] = [];
    const actors: Actor[] = [];
    for (const { part, deploy, args } of castOf(random, faults)) {
      const usual: Way = { url: asRole(databaseUrl(place.server, database)), through: 'proxy' };
      const way = prepared.find((one) => one.way)?.way?.() ?? usual;
      ways.push(way);
      actors.push(await startActor({ ...way, part, deploy, args, dir: dirOf(deploy), installed, env: way.env ?? {} }));
    }
    const struck = await strike(faults, scene, actors);
    const all = await endOf(actors);
    const written = await writer.stop();
    const url = databaseUrl(place.server, database);
    await quiet(url);
    const after = await aftermathOf(url);
    const findings: Finding[] = all.flatMap((ended, index) =>
      judgeClaims(ended, after, {
        effect: worst(faults),
        way: ways[index],
        isReverting: all.some(({ part }) => part === 'revert'),
        expected: namesBefore(project, ended.deploy),
      }),
    );
    const early = project.made.filter(({ contract, names }) => contract && after.ledger.includes(names[0] ?? ''));
    for (const { names } of early) findings.push({ category: 'failed', text: `${names.join()} ran before its deploy` });
    findings.push(...(await converge(repeat)));
    findings.push(...(await judgeEnd(url, databaseUrl(place.server, freshOf(database)), project, written)));
    return { findings, struck, processes: actors.length };
  } finally {
    for (const one of prepared) await one.end();
    folders.first.remove();
    folders.second.remove();
    await dropDatabases(place, database).catch(() => place.end());
  }
}

async function strike(
  faults: readonly Fault[],
  scene: Scene,
  actors: readonly Actor[],
): Promise<RoundResult['struck']> {
  const over = Promise.all(actors.map(({ ended }) => ended)).then(() => undefined);
  return Promise.all(
    faults.map(async (fault) => ({
      kind: fault.kind,
      struck: (await fault.strike?.({ ...scene, actors, over })) ?? true,
    })),
  );
}

async function endOf(actors: readonly Actor[]): Promise<readonly Ended[]> {
  const patience = setTimeout(() => {
    for (const actor of actors) if (!actor.isOver()) actor.endHung();
  }, longestMs);
  const all = await Promise.all(actors.map(({ ended }) => ended));
  clearTimeout(patience);
  return all;
}

/** Until the server answers, and the sessions of processes that were killed have ended. */
async function quiet(url: string): Promise<void> {
  await until('the server answers', () => ask(url, 'SELECT 1').then(() => true));
  const sessions = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = '${role}' AND state <> 'idle'`;
  await until('its sessions have ended', async () => (await ask(url, sessions)).length === 0, 15_000).catch(
    () => undefined,
  );
}

/** With nothing in the way any more, `run` must succeed; only what was half reverted has to be reverted first. */
async function converge(repeat: (args: readonly string[]) => Promise<CliResult>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const args of [['run'], ['run', '--phase', 'all']]) {
    let result = await repeat(args);
    if (result.code !== 0 && /nest-migrate revert\b/.test(result.stdout)) {
      const reverted = await repeat(['revert']);
      if (reverted.code !== 0) findings.push({ category: 'failed', text: `afterwards, revert: ${reverted.stdout}` });
      result = await repeat(args);
    }
    if (result.code !== 0)
      findings.push({ category: 'failed', text: `afterwards, ${args.join(' ')}: ${result.stdout}${result.stderr}` });
  }
  return findings;
}

interface Role {
  readonly part: Part;
  readonly deploy: 'first' | 'second';
  readonly args: readonly string[];
}

/** Several replicas that run; now and then one that boots an app, and one that reverts. */
function castOf(random: Random, faults: readonly Fault[]): readonly Role[] {
  const isMixed = faults.some(({ kind }) => kind === 'two deploys');
  const parts: Part[] = Array.from({ length: 2 + random.below(3) }, () => 'run');
  if (random.chance(0.3)) parts.push('app');
  if (random.chance(0.3)) parts.push('revert');
  const all = random.chance(0.3) ? 'first' : 'second';
  return parts.map((part) => ({
    part,
    deploy: isMixed && random.chance(0.5) ? 'first' : all,
    args: part === 'revert' ? ['--count', String(1 + random.below(2))] : [],
  }));
}

function worst(faults: readonly Fault[]): Fault['effect'] {
  const effects = new Set(faults.map(({ effect }) => effect));
  return effects.has('lost replies') ? 'lost replies' : effects.has('failures') ? 'failures' : 'none';
}

/** What a deploy has applied when it has succeeded: everything but what waits for the next one. */
function namesBefore({ base, made, first }: FireProject, deploy: 'first' | 'second'): readonly string[] {
  const taken = deploy === 'first' ? made.slice(0, first) : made;
  return [base, ...taken.filter(({ contract }) => !contract)].flatMap(({ names }) => names);
}

interface Folders {
  readonly first: TestProject;
  readonly second: TestProject;
}

function makeFolders(project: FireProject, random: Random, installed: string): Folders {
  // Mostly a short one, so that a round does not last long; every other time is in proportion to it.
  const replyTimeout = random.chance(0.2) ? '30s' : '3s';
  const make = (deploy: 'first' | 'second'): TestProject => {
    const made = createProject(filesOf(project, deploy, replyTimeout));
    const link = join(made.dir, 'node_modules/nest-migrate');
    rmSync(link);
    symlinkSync(installed, link);
    return made;
  };
  return { first: make('first'), second: make('second') };
}

const template = 'fire_base';
const freshOf = (database: string): string => `${database}_fresh`;

/** One for the round, and one in which all migrations run without a fault. */
async function makeDatabases(
  place: Place,
  database: string,
  run: (args: readonly string[], database: string) => Promise<void>,
): Promise<void> {
  const { url } = place.server;
  const create = (name: string, from: string): Promise<unknown> =>
    ask(url, `CREATE DATABASE ${name} OWNER ${role} TEMPLATE ${from} STRATEGY file_copy`);
  if ((await ask(url, `SELECT 1 FROM pg_database WHERE datname = '${template}'`)).length === 0) {
    await create(template, 'template1');
    await run(['run', '--to', 'Base'], template);
  }
  await create(database, template);
  await create(freshOf(database), template);
  await run(['run', '--phase', 'all'], freshOf(database));
}

async function runCalmly(shipped: string, dir: string, url: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await command(shipped, dir, url, args);
  if (code !== 0) throw new Error(`A run without any fault failed: ${stdout}${stderr}`);
}

async function command(installed: string, dir: string, url: string, args: readonly string[]): Promise<CliResult> {
  const program = join(installed, 'dist/esm/cli/main.js');
  return startNode([program, ...args, '--json'], { cwd: dir, env: { DATABASE_URL: url } }).result;
}

async function dropDatabases(place: Place, database: string): Promise<void> {
  for (const name of [database, freshOf(database)])
    await ask(place.server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
