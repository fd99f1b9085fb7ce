import { isEmbedded } from '../data-source/embedded-brand.js';
import type { ResolvedSettings } from '../options.js';
import { isTimeUp, stoppedFor } from './cancel.js';
import type { ConnectContext } from './sql-client.js';
import { noReply } from './wire.js';
import type { Wire } from './wire.js';
import { queryBlocked } from './failure.js';
import { createWitness, silent } from './witness.js';
import type { Backend, Sight } from './witness.js';

/** What some connections may wait for while they are watched. */
export interface Awaited {
  wires(): readonly Wire[];
  /** Describes what the reply is awaited for. */
  to(): string;
  migration?(): string | undefined;
  /** The server process that works for this connection; undefined while a pooler may have assigned it to others. */
  backend?(): Backend | undefined;
  /** The statement, if only its text identifies the session that executes it. */
  sql?(): string | undefined;
  /** Whether the reply may take hours, as for a statement of a migration. Our own queries are given up after the setting `replyTimeout`. */
  mayTakeLong?(): boolean;
  /** Whether the process belongs to this connection alone, so that it may be terminated. */
  isDirect?(): boolean;
}

interface Bounds {
  readonly noticeMs: number;
  readonly idleMs: number;
  readonly limitMs: number;
  /** After a signal: how long a reply may still arrive, and how long the outcome is queried. */
  readonly partingMs: number;
  readonly askingMs: number;
}

/** The bounds are proportional to the setting. After a signal, they add up to at most five seconds. */
export function boundsOf({ replyTimeoutMs }: Pick<ResolvedSettings, 'replyTimeoutMs'>): Bounds {
  const limitMs = replyTimeoutMs || Infinity;
  const noticeMs = Math.min(5000, limitMs / 6);
  const idleMs = Math.min(10_000, limitMs / 3);
  return { noticeMs, idleMs, limitMs, partingMs: noticeMs * 0.6, askingMs: noticeMs * 0.9 };
}

/**
 * How long our own queries outside of a migration wait for a lock of another session, as on the ledger: as long as a migration waits for
 * its locks, but not longer than for another process.
 */
function limitOnLocks({ retryForMs, lockTimeoutMs, waitForOthersMs }: ResolvedSettings): number {
  return Math.min(Math.max(retryForMs, lockTimeoutMs), waitForOthersMs || Infinity);
}

/** When the second connection is asked, as a fraction of the time until the wait is reported: it may not answer either. */
const beginsAt = 0.6;

interface Wait {
  readonly since: number;
  bytes: number;
  lookAt: number;
  tellAt: number;
  /** The time since which no session has been seen executing the statement. */
  unseenSince?: number;
}

/**
 * Watches connections until the returned function is called. A frozen connection gives no sign, so after a while another connection asks
 * what the server is doing for us, and the wait is reported. The connection is cut only if the answer shows that no reply can arrive any
 * more, if our own query has had no reply for too long, or if a signal came. Then everything that waits on it fails, as if the network had
 * closed it.
 */
export function watchReplies(context: ConnectContext, awaited: Awaited): () => void {
  if (isEmbedded(context.dataSource)) return () => undefined;
  stoppedFor(context.signal);
  const bounds = boundsOf(context.settings);
  const witness = createWitness(context, bounds.noticeMs * (1 - beginsAt));
  const waits = new Map<object, Wait>();
  const look = looking(context, awaited, bounds, witness, waits);
  const tick = (): void => {
    for (const wire of awaited.wires()) {
      const wait = waitOn(wire, waits, bounds);
      if (wait === undefined) continue;
      if (isTimeUp(context.signal, wire.isConnecting() ? 0 : bounds.partingMs))
        wire.cut(noReply(`No reply to ${awaited.to()} came in time after the signal`));
      else if (performance.now() >= wait.lookAt) void look(wire, wait);
    }
  };
  const timer = setInterval(tick, Math.min(200, bounds.noticeMs / 5));
  // The connections keep the process alive; the timer must not.
  timer.unref();
  const onAbort = (): void => tick();
  context.signal.addEventListener('abort', onAbort);
  return () => {
    clearInterval(timer);
    context.signal.removeEventListener('abort', onAbort);
    witness.close();
  };
}

/** The wait on this connection, measured from the last byte received; undefined if no reply is awaited. */
function waitOn(wire: Wire, waits: Map<object, Wait>, { noticeMs }: Bounds): Wait | undefined {
  const known = waits.get(wire.client);
  if (!wire.isAwaitingReply()) {
    waits.delete(wire.client);
    return undefined;
  }
  const bytes = wire.bytesRead();
  if (known?.bytes === bytes) return known;
  const since = performance.now();
  const wait = { since, bytes, lookAt: since + noticeMs * beginsAt, tellAt: 0 };
  waits.set(wire.client, wait);
  return wait;
}

function looking(
  context: ConnectContext,
  awaited: Awaited,
  bounds: Bounds,
  witness: ReturnType<typeof createWitness>,
  waits: ReadonlyMap<object, Wait>,
): (wire: Wire, wait: Wait) => Promise<void> {
  return async (wire, wait) => {
    wait.lookAt = Infinity;
    const backend = awaited.backend?.();
    const sight = wire.isConnecting() ? undefined : await witness.look(backend, awaited.sql?.());
    // The reply may have arrived in the meantime.
    if (waits.get(wire.client) !== wait || !wire.isAwaitingReply() || wire.bytesRead() !== wait.bytes) return;
    const waitedMs = performance.now() - wait.since;
    const { server, refusal, blockers } = sight ?? silent;
    const mayTakeLong = awaited.mayTakeLong?.() === true;
    const lockMs = blockers === undefined || mayTakeLong ? Infinity : limitOnLocks(context.settings);
    wait.lookAt = nextLook(wait.since, [bounds.limitMs, lockMs], bounds);
    const lost = whyLost(sight ?? silent, { backend, wait, waitedMs, bounds, mayTakeLong });
    if (blockers !== undefined && waitedMs >= lockMs) {
      wire.cut(queryBlocked(awaited.to(), waitedMs, blockers));
      if (backend !== undefined && awaited.isDirect?.()) await witness.forget(backend);
    } else if (lost !== undefined) {
      wire.cut(noReply(`No reply to ${awaited.to()} for ${Math.round(waitedMs / 1000)} s: ${lost}`));
      if (server === 'idle' && backend !== undefined && awaited.isDirect?.()) await witness.end(backend);
    } else if (performance.now() >= wait.tellAt) {
      // A healthy statement that takes long is reported less often.
      wait.tellAt = performance.now() + (server === 'working' ? waitedMs : 0);
      context.onEvent({
        type: 'waiting-for-reply',
        migration: awaited.migration?.(),
        to: awaited.to(),
        waitedMs: Math.round(waitedMs),
        server,
        ...(refusal !== undefined && { refusal }),
        ...(blockers !== undefined && { blockers }),
      });
    }
  };
}

/** In a while, but not later than a limit that has not passed yet. */
function nextLook(since: number, limits: readonly number[], { idleMs }: Bounds): number {
  const now = performance.now();
  const ahead = limits.map((limit) => since + limit).filter((at) => at > now);
  return Math.min(now + idleMs, ...ahead);
}

interface Seen {
  readonly backend: Backend | undefined;
  readonly wait: Wait;
  readonly waitedMs: number;
  readonly bounds: Bounds;
  readonly mayTakeLong: boolean;
}

/** Why no reply can arrive any more; undefined if one still may. */
function whyLost(
  { server, idleMs, refusal }: Sight,
  { backend, wait, waitedMs, bounds, mayTakeLong }: Seen,
): string | undefined {
  if (server === 'working') delete wait.unseenSince;
  if (server === 'idle' && idleMs >= bounds.idleMs && waitedMs >= bounds.idleMs)
    return 'the server has finished, and its session has been idle since';
  if (server === 'gone' && backend?.started !== undefined) return 'the session is gone from the server';
  if (server === 'gone' && backend === undefined) {
    wait.unseenSince ??= performance.now();
    if (performance.now() - wait.unseenSince >= bounds.idleMs) return 'no session of the server is working on it';
  }
  if (mayTakeLong || server === 'working' || waitedMs < bounds.limitMs) return undefined;
  if (server === 'refusing')
    return `the server refuses another connection, which would show what it is doing (${refusal})`;
  return server === 'silent'
    ? 'the server did not answer on another connection either'
    : 'nothing shows that the server is working on it';
}
