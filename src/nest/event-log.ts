import { Logger } from '@nestjs/common';
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
  tellProgressEveryMs,
} from '../events.js';
import type { EventListener, MigrateEvent } from '../events.js';
import { messageOf } from '../errors.js';

const logger = new Logger('MigrationsModule');
let progressTold = 0;
const isNews = connectingNews();

/** Passes events to the Nest logger and all other listeners. A listener that throws must not stop a migration. */
export function tellAll(listeners: Iterable<EventListener>): EventListener {
  return (event) => {
    log(event);
    for (const listen of listeners) {
      try {
        listen(event);
      } catch (error) {
        logger.error(`A listener of ${event.type} failed: ${messageOf(error)}`);
      }
    }
  };
}

/** Logs a short line for each event that an operator wants to see. */
function log(event: MigrateEvent): void {
  switch (event.type) {
    case 'migration-started':
      return logger.log(started(event));
    case 'migration-finished':
      return logger.log(finished(event));
    case 'embedded-shared':
      return logger.log(`The embedded database is open in process ${event.pid}; connected through it`);
    case 'waiting-for-lock':
      return logger.log(
        `Another process is migrating${event.holder ? `, ${describeHolder(event.holder)}` : ''}: waiting for it`,
      );
    case 'waiting-for-migrations':
      return logger.log(describePending(event.pending));
    case 'waiting-for-session':
      return logger.log(
        `${event.migration}: a session of an earlier process is still running on the server${event.session ? ` (${describeBlocker(event.session)})` : ''}: waiting for it`,
      );
    case 'waiting-for-reply':
      return logger[isAtWork(event) ? 'log' : 'warn'](describeWait(event));
    case 'progress':
      if (performance.now() - progressTold < tellProgressEveryMs) return undefined;
      progressTold = performance.now();
      return logger.log(describeProgress(event, (ms) => `${Math.round(ms / 1000)} s`));
    case 'seeded':
      return logger.log(`Seeded ${event.seed} in ${Math.round(event.durationMs)} ms`);
    case 'finished-meanwhile':
      return logger.log(
        `${event.migration} was ${event.direction === 'up' ? 'applied' : 'reverted'} in the meantime by the session that this process waited for`,
      );
    case 'resuming':
      return logger.log(`${event.migration} continues after statement ${event.statementsDone}${batchesDone(event)}`);
    case 'connecting':
      return isNews(event) ? logger.warn(`No connection yet: ${describeConnecting(event)}`) : undefined;
    case 'blocked':
      return logger.warn(
        `${event.migration} waits for a lock held by ${event.blockers.map((one) => describeBlocker(one)).join('; ')}`,
      );
    case 'retrying':
      return logger.warn(
        `${event.migration} did not get its locks (${event.reason}): rolled back, retrying in ${Math.round(event.delayMs)} ms`,
      );
    case 'deferred':
      return logger.log(`${event.migration} is deferred: ${waitsFor[event.due]}`);
    case 'warning':
      return logger.warn(event.message);
    case 'followed':
      return event.statements.length === 0 && ['none', 'unchanged'].includes(event.draft)
        ? undefined
        : logger.log(`The database matches the entities; ${drafts[event.draft]} ${event.files.join(', ')}`.trimEnd());
    case 'lock-acquired':
    case 'stage':
    case 'statement':
      return undefined;
  }
}

const drafts = {
  none: 'no migration was needed',
  unchanged: 'its draft stays',
  written: 'written:',
  amended: 'written again:',
  removed: 'the draft was removed, because it had become empty',
} as const;

const waitsFor = {
  'next deploy': 'it waits for the next deploy',
  manual: 'it waits for `nest-migrate run --phase contract`',
  'next run': 'it waits for the next run',
} as const;

function started({
  migration,
  direction,
  position,
  total,
}: Extract<MigrateEvent, { type: 'migration-started' }>): string {
  return `${direction === 'up' ? 'Applying' : 'Reverting'} ${migration} (${position} of ${total})`;
}

function finished({ migration, direction, durationMs }: Extract<MigrateEvent, { type: 'migration-finished' }>): string {
  return `${direction === 'up' ? 'Applied' : 'Reverted'} ${migration} in ${Math.round(durationMs)} ms`;
}
