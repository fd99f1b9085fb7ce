import { setTimeout as sleep } from 'node:timers/promises';
import type { Choice, Fault as Broken, Moment } from '../../support/proxy.js';
import type { Random } from '../../support/random.js';
import type { Actor } from '../actors.js';
import { unlessOver } from './fault.js';
import type { Striking } from './fault.js';

const moments: readonly Moment[] = ['request', 'sent', 'reply'];
/** Where much depends on whether a message arrives. */
const telling = [
  /INTO "migrations" [\s\S]*COMMIT/,
  /statements_done = \d+[\s\S]*COMMIT/,
  /INDEX CONCURRENTLY/,
  /COMMIT/,
  /START TRANSACTION|BEGIN/,
  /pg_try_advisory_xact_lock/,
  /UPDATE account|UPDATE visit/,
  /ALTER ROLE/,
];

/** Any message of the protocol, counted over all connections, or the one of several that look alike. */
function anyMessage(random: Random, at: RegExp | undefined): Choice {
  const pattern = at ?? (random.chance(0.4) ? /(?:)/ : random.pick(telling));
  let left = 1 + random.below(pattern.source === '(?:)' ? 150 : at ? 2 : 4);
  return { test: (sql) => pattern.test(sql) && --left === 0 };
}

/**
 * Breaks a connection at any message: before it arrives, once it has, or at its reply; and does something to the process at once. Where
 * nothing lies between processes and the server, at any time. False when all have ended before.
 */
export async function atAnyMessage(
  scene: Striking,
  broken: Broken,
  what: (actor: Actor) => unknown = () => undefined,
): Promise<boolean> {
  const { random, actors, at } = scene;
  const [choice, moment, chosen] = [anyMessage(random, at), random.pick(moments), random.pick(actors)];
  let struck: unknown;
  const happened = actors.flatMap(
    (actor) => actor.proxy?.fault(choice, moment, broken, () => void (struck = what(actor))) ?? [],
  );
  const any = happened.length > 0 ? Promise.race(happened) : sleep(200 + random.below(3000));
  if (!(await unlessOver(any, scene))) return false;
  await (happened.length > 0 ? struck : what(chosen));
  return true;
}
