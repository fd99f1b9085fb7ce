/** A session, or a prepared transaction, that blocks a statement. */
export interface Blocker {
  /** 0 for a prepared transaction, which has no session. */
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  /** The age of its transaction. */
  readonly transactionAgeMs: number;
  readonly query: string;
  /** The address of its client, if it has connected over a network. */
  readonly address?: string | undefined;
  /** A transaction of PREPARE TRANSACTION: only its name, in its database, ends it. */
  readonly prepared?: { readonly gid: string; readonly database: string } | undefined;
}

/** Whether migrations are applied or reverted. */
export type Direction = 'up' | 'down';

/** When a deferred migration runs: with a run that has newer files, with `run --phase contract`, or with the next run. */
export type Due = 'next deploy' | 'manual' | 'next run';

/** The stages of the commands that take longer: `generate`, `check`, `lint`, `plan`, `drift` and `baseline`. */
export type Stage =
  | 'reading the entities'
  | 'replaying the migrations'
  | 'reading the database'
  | 'comparing the schemas'
  | 'proving the migrations'
  | 'checking the files'
  | 'checking the branches'
  | 'judging the migrations'
  | 'trying the migrations on rows';

/** The progress of a long statement. */
export interface HowFar {
  /** The work, such as `backfill of users`, or `CREATE INDEX by_email, building index: scanning table`. */
  readonly what: string;
  readonly done: number;
  /** An estimate from the server's statistics; 0 if there is none. */
  readonly total: number;
  readonly unit: 'rows' | 'blocks' | 'sessions';
  /** The number of rows, if `done` counts blocks. */
  readonly rows?: number | undefined;
  readonly elapsedMs: number;
  /** Undefined while not known. The rate is in rows per second, or in units per second if rows are not known. */
  readonly rate?: number | undefined;
  readonly leftMs: number | undefined;
}

/** At most once a second. */
export interface ProgressEvent extends HowFar {
  readonly type: 'progress';
  readonly migration: string;
}

/** The events of all commands. They are plain data, which the Nest logger and the command line print in their own ways. */
export type MigrateEvent =
  /** `at` and `of` count the migrations, where a stage goes through them. */
  | { readonly type: 'stage'; readonly stage: Stage; readonly at?: number; readonly of?: number }
  | {
      readonly type: 'connecting';
      readonly attempt: number;
      readonly reason: string;
      readonly retryInMs: number;
      /** How long this will be tried; undefined without a limit. */
      readonly leftMs?: number;
    }
  /** Another process has to apply these migrations first. Every ten seconds. */
  | { readonly type: 'waiting-for-migrations'; readonly pending: readonly string[]; readonly waitedMs: number }
  /** Another process has the embedded database open, and this process uses it through that one. */
  | { readonly type: 'embedded-shared'; readonly pid: number }
  | { readonly type: 'waiting-for-lock'; readonly waitedMs: number; readonly holder: Blocker | undefined }
  | { readonly type: 'lock-acquired'; readonly waitedMs: number }
  /** A session of an earlier process is still executing a statement or a COMMIT on the server. */
  | {
      readonly type: 'waiting-for-session';
      readonly migration: string;
      readonly waitedMs: number;
      readonly session: Blocker | undefined;
    }
  /** The server has not replied for a while, and a second connection has asked what it is doing. */
  | {
      readonly type: 'waiting-for-reply';
      readonly migration: string | undefined;
      /** The statement without a reply, such as `COMMIT`. */
      readonly to: string;
      readonly waitedMs: number;
      /** The state of our session: working, idle, or gone; or the server refuses the second connection, or does not answer it. */
      readonly server: 'working' | 'idle' | 'gone' | 'refusing' | 'silent';
      /** The server's message, if it refused the second connection. */
      readonly refusal?: string | undefined;
      /** What holds the lock that our session waits for; absent if it waits for none. */
      readonly blockers?: readonly Blocker[] | undefined;
    }
  | {
      readonly type: 'migration-started';
      readonly migration: string;
      readonly direction: Direction;
      readonly position: number;
      readonly total: number;
      readonly transactional: boolean;
    }
  | { readonly type: 'statement'; readonly migration: string; readonly sql: string; readonly durationMs: number }
  | {
      readonly type: 'blocked';
      readonly migration: string;
      readonly sql: string;
      readonly blockers: readonly Blocker[];
    }
  | {
      readonly type: 'retrying';
      readonly migration: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
      readonly blockers: readonly Blocker[];
    }
  | {
      readonly type: 'resuming';
      readonly migration: string;
      readonly statementsDone: number;
      /** How far the next statement is, if it is executed in batches. */
      readonly rows?: number;
    }
  | {
      readonly type: 'migration-finished';
      readonly migration: string;
      readonly direction: Direction;
      readonly durationMs: number;
      /** The migration was recorded without being executed. */
      readonly fake: boolean;
    }
  /** The session that was waited for has finished the migration, so nothing was left to do. */
  | { readonly type: 'finished-meanwhile'; readonly migration: string; readonly direction: Direction }
  | ProgressEvent
  /** A seed was run and committed. */
  | { readonly type: 'seeded'; readonly seed: string; readonly durationMs: number }
  /** `dev` has made the database match the entities. */
  | {
      readonly type: 'followed';
      readonly draft: 'none' | 'unchanged' | 'written' | 'amended' | 'removed';
      readonly files: readonly string[];
      readonly statements: readonly string[];
    }
  /** A contract migration that this run defers. */
  | { readonly type: 'deferred'; readonly migration: string; readonly due: Due }
  | { readonly type: 'warning'; readonly code: WarningCode; readonly message: string };

const noReplyBut = {
  idle: 'although the server has finished it',
  gone: 'and no session of the server seems to be at work on it',
  refusing: 'and the server refuses another connection, which would show what it is doing',
  silent: 'and the server does not answer on another connection either',
} as const;

/** The process that holds the lock. The session of the lock only watches the work of another one, so its own state says nothing. */
export function describeHolder({ pid, application, user, address }: Blocker): string {
  return `pid ${pid} (${[application, user, address && `from ${address}`].filter(Boolean).join(', ')})`;
}

/** `pid 4711 (report, app, from 10.0.0.7), idle in transaction for 12.0 s: SELECT …` */
export function describeBlocker(blocker: Blocker, show = inSeconds): string {
  const { user, state, transactionAgeMs, query, prepared } = blocker;
  if (prepared !== undefined)
    return `the prepared transaction ${nameOf(prepared)} (${user}), prepared ${show(transactionAgeMs)} ago`;
  const text = query.replace(/\s+/g, ' ').trim();
  const short = text.length > 120 ? `${text.slice(0, 119)}…` : text;
  return `${describeHolder(blocker)}, ${state} for ${show(transactionAgeMs)}${short === '' ? '' : `: ${short}`}`;
}

function inSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

/** What to type to end it. */
export function endOf({ pid, prepared }: Blocker): string {
  if (prepared === undefined) return `SELECT pg_terminate_backend(${pid});`;
  return `COMMIT PREPARED ${nameOf(prepared)}; or ROLLBACK PREPARED ${nameOf(prepared)}; in database ${prepared.database}`;
}

function nameOf({ gid }: { readonly gid: string }): string {
  return `'${gid.replaceAll("'", "''")}'`;
}

export function describePending(pending: readonly string[]): string {
  const [what, them] = pending.length === 1 ? [`${pending[0]} is`, 'it'] : [`${pending.length} migrations are`, 'them'];
  return `${what} pending: waiting until another process has applied ${them}`;
}

/** Whether the server works for us, and does not wait for another session. */
export function isAtWork({ server, blockers }: Extract<MigrateEvent, { type: 'waiting-for-reply' }>): boolean {
  return server === 'working' && blockers === undefined;
}

/** The text for the terminal and for the log. */
export function describeWait(
  {
    migration,
    to,
    waitedMs,
    server,
    refusal,
    blockers = [],
  }: Extract<MigrateEvent, { readonly type: 'waiting-for-reply' }>,
  show = inSeconds,
): string {
  const where = migration ? `${migration}: ` : '';
  const waited = show(waitedMs);
  if (blockers.length > 0) {
    const held = blockers.map((one) => `${describeBlocker(one, show)} (to end it: ${endOf(one)})`).join('; ');
    return `${where}${to} has been waiting for ${waited} for a lock, held by ${held}`;
  }
  if (server === 'working') return `${where}the server has been at work on ${to} for ${waited}`;
  return `${where}no reply to ${to} for ${waited}, ${noReplyBut[server]}${refusal === undefined ? '' : ` (${refusal}). Still waiting`}`;
}

/** The same for the terminal and the log: a line every ten seconds says enough. */
export const tellProgressEveryMs = 10_000;

/** Tells whether a failed attempt to connect is worth a line: the first one, one for a new reason, and one every ten seconds. */
export function connectingNews(): (event: Extract<MigrateEvent, { readonly type: 'connecting' }>) => boolean {
  let told = { reason: '', at: 0 };
  return ({ attempt, reason }) => {
    const now = performance.now();
    if (attempt > 1 && reason === told.reason && now - told.at < tellProgressEveryMs) return false;
    told = { reason, at: now };
    return true;
  };
}

/** Tells of each migration, when it begins, that a stage goes through. */
export function countStage(onEvent: EventListener | undefined, stage: Stage, of: number): () => void {
  let at = 0;
  return () => onEvent?.({ type: 'stage', stage, at: ++at, of });
}

/** ` and the batches of the next one up to row 1200` */
export function batchesDone({ rows }: { readonly rows?: number | undefined }): string {
  return rows === undefined ? '' : ` and the batches of the next one up to row ${rows}`;
}

/** `connect ECONNREFUSED 127.0.0.1:5432; retrying for 30 s` */
export function describeConnecting({ reason, leftMs }: Extract<MigrateEvent, { readonly type: 'connecting' }>): string {
  return `${reason}; retrying${leftMs === undefined ? '' : ` for ${Math.ceil(leftMs / 1000)} s`}`;
}

export function describeProgress(event: ProgressEvent, show: (ms: number) => string): string {
  return `${event.migration}: ${event.what}${howFar(event, show)}`;
}

/** `, 1200 of about 5000 rows (24 %), 400 rows/s, about 9.5 s left` */
export function howFar(
  { done, total, unit, rows, rate, elapsedMs, leftMs }: Omit<HowFar, 'what'>,
  show: (ms: number) => string,
): string {
  if (total === 0 && rows === undefined) return `, for ${show(elapsedMs)}`;
  const percent = total > 0 ? ` (${percentOf({ done, total })} %)` : '';
  const about = unit !== 'rows' || leftMs === 0 ? '' : 'about ';
  const far = rows === undefined ? `${done} of ${about}${total} ${unit}` : `${rows} rows`;
  const fast =
    rate === undefined || leftMs === 0 ? '' : `, ${Math.round(rate)} ${rows === undefined ? unit : 'rows'}/s`;
  const left =
    leftMs === undefined ? '' : leftMs === 0 ? `, done in ${show(elapsedMs)}` : `, about ${show(leftMs)} left`;
  return `, ${far}${percent}${fast}${left}`;
}

export function percentOf({ done, total }: Pick<HowFar, 'done' | 'total'>): number {
  return Math.min(100, Math.floor((done / total) * 100));
}

/** The codes of the warnings; scripts can rely on them. */
export type WarningCode =
  | 'OUT_OF_ORDER'
  | 'NO_FILES_MATCH'
  | 'NOT_LISTED'
  | 'OUTPUT_OUTDATED'
  | 'CLASS_USED_EARLY'
  | 'NO_DATABASE_URL'
  | 'MIGRATION_EDITED'
  | 'MIGRATION_FILE_MISSING'
  | 'NEWER_APPLIED'
  | 'NEWER_HALF_DONE'
  | 'WOULD_FAIL'
  | 'REPLY_LOST'
  | 'REVERTED_IN_PART'
  | 'SCHEMA_CREATED'
  | 'SCHEMA_MISSING'
  | 'DRAFT_EDITED'
  | 'ENUM_WITHOUT_VALUES'
  | 'KEY_NOT_DECLARED'
  | 'LOG_NOT_UPGRADED'
  | 'DOWNS_NOT_KEPT'
  | 'REVERTED_FROM_KEPT'
  | 'QUERY_NOT_AWAITED';

/** Receives every event. An error that it throws is thrown by the command. */
export type EventListener = (event: MigrateEvent) => void;
