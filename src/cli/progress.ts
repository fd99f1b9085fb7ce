import {
  batchesDone,
  connectingNews,
  describeBlocker,
  describeConnecting,
  describeHolder,
  describePending,
  describeProgress,
  describeWait,
  isAtWork,
  endOf,
  percentOf,
  tellProgressEveryMs,
} from '../events.js';
import type { Blocker, Direction, EventListener, MigrateEvent, ProgressEvent } from '../events.js';
import { many, showDuration } from './io.js';
import type { Io, Paint } from './io.js';
import { waitsFor } from './status-lines.js';

/** Prints events on stderr when they happen. */
export function progressPrinter(io: Io): EventListener {
  const { paint } = io;
  let told = performance.now();
  let isBarShown = false;
  const isNews = connectingNews();
  return (event) => {
    if (event.type === 'warning' && (io.shown?.has(event.code) === true || wasTold(event.message, io))) return;
    // `dev --watch` keeps it open for its own processes.
    if (event.type === 'embedded-shared' && event.pid === process.ppid) return;
    if (event.type === 'connecting' && !isNews(event)) return;
    if (event.type === 'stage') {
      const { stage, at, of } = event;
      if (at === undefined) return io.stage(stage);
      const text = `${stage}: ${at} of ${of}`;
      io.stage(text);
      // Without a terminal, a line now and then shows that the command goes on.
      if (io.bar || performance.now() - told < tellProgressEveryMs) return;
      told = performance.now();
      return io.note(paint.dim(text));
    }
    if (event.type === 'progress' && io.bar) {
      isBarShown = true;
      return io.bar(`${barOf(event)}${describeProgress(event, showDuration)}`);
    }
    if (event.type === 'progress') {
      if (performance.now() - told < tellProgressEveryMs) return;
      told = performance.now();
    }
    // The bar already shows that the server is working.
    if (isBarShown && event.type === 'waiting-for-reply' && event.server === 'working') return;
    // The statement of the bar has ended, or the bar no longer shows everything.
    if (isBarShown) io.bar?.('');
    isBarShown = false;
    for (const line of linesOf(event, paint, io)) io.note(line);
  };
}

function wasTold(message: string, { told }: Io): boolean {
  const was = told?.has(message) === true;
  told?.add(message);
  return was;
}

const barWidth = 20;

/** `██████░░░░░░░░░░░░░░ ` if the total is known. */
function barOf(event: ProgressEvent): string {
  if (event.total === 0) return '';
  const filled = Math.round((percentOf(event) / 100) * barWidth);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} `;
}

function linesOf(event: Exclude<MigrateEvent, { readonly type: 'stage' }>, paint: Paint, io: Io): readonly string[] {
  switch (event.type) {
    case 'connecting':
      return [paint.dim(`no connection yet: ${describeConnecting(event)}`)];
    case 'embedded-shared':
      return [paint.dim(`the embedded database is open in process ${event.pid}; connected through it`)];
    case 'waiting-for-migrations':
      return [paint.dim(describePending(event.pending))];
    case 'waiting-for-lock':
      return [
        paint.dim(
          `another process is migrating${event.holder ? `, ${describeHolder(event.holder)}` : ''}; waiting for ${showDuration(event.waitedMs)}`,
        ),
      ];
    case 'lock-acquired':
      return [paint.dim(`lock acquired after ${showDuration(event.waitedMs)}`)];
    case 'waiting-for-session':
      return [
        paint.dim(
          `${event.migration}: a session of an earlier process is still running on the server${event.session ? ` (${describeBlocker(event.session, showDuration)})` : ''}; waiting for ${showDuration(event.waitedMs)}`,
        ),
      ];
    case 'waiting-for-reply':
      return [paint[isAtWork(event) ? 'dim' : 'yellow'](describeWait(event, showDuration))];
    case 'migration-started':
      return event.transactional ? [] : [paint.dim(`${event.migration} runs without a transaction`)];
    case 'statement':
      return io.verbose ? [paint.dim(`  ${showDuration(event.durationMs).padStart(8)}  ${event.sql.trim()}`)] : [];
    case 'blocked':
      return [`${event.migration} waits for a lock:`, ...event.blockers.flatMap(blockerLines)].map((line) =>
        paint.yellow(line),
      );
    case 'retrying':
      return [
        paint.yellow(
          `${event.migration}: ${event.reason}; rolled back, retrying in ${showDuration(event.delayMs)} (attempt ${event.attempt + 1})`,
        ),
      ];
    case 'resuming':
      return [paint.dim(`${event.migration} continues after ${continuation(event)}`)];
    case 'migration-finished':
      return [`${paint.green('✔')} ${event.migration} ${verb(event)} ${paint.dim(showDuration(event.durationMs))}`];
    case 'progress':
      return [paint.dim(describeProgress(event, showDuration))];
    case 'seeded':
      return [`${paint.green('✔')} ${event.seed} ${paint.dim(showDuration(event.durationMs))}`];
    case 'finished-meanwhile':
      return [`${paint.green('✔')} ${event.migration} was ${doneBy(event)} by the session that this one waited for`];
    // It is the result of the command.
    case 'followed':
      return [];
    case 'deferred':
      return [`${paint.dim('◌')} ${event.migration} ${paint.dim(`deferred: ${waitsFor[event.due]}`)}`];
    case 'warning':
      return [`${paint.yellow('!')} ${event.message}`];
  }
}

function blockerLines(blocker: Blocker): readonly string[] {
  return [`  ${describeBlocker(blocker, showDuration)}`, `    to end it: ${endOf(blocker)}`];
}

function continuation(event: Extract<MigrateEvent, { readonly type: 'resuming' }>): string {
  return `${many(event.statementsDone, 'finished statement')}${batchesDone(event)}`;
}

function verb(event: Extract<MigrateEvent, { readonly type: 'migration-finished' }>): string {
  return event.fake ? `recorded as ${doneBy(event)}` : doneBy(event);
}

function doneBy({ direction }: { readonly direction: Direction }): string {
  return direction === 'up' ? 'applied' : 'reverted';
}
