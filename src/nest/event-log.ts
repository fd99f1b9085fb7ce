import { Logger } from '@nestjs/common';
import type { Blocker, EventListener, MigrateEvent } from '../events.js';

/** Tells the Nest logger what happens, a short line each. */
export function logEvents(logger: Logger): EventListener {
  return (event) => {
    switch (event.type) {
      case 'migration-finished':
        return logger.log(`${event.migration} ${event.direction === 'up' ? 'applied' : 'reverted'} in ${Math.round(event.durationMs)} ms`);
      case 'waiting-for-lock':
        return logger.log(`Another process is migrating${event.holder ? ` (${describe(event.holder)})` : ''}; waiting`);
      case 'resuming':
        return logger.log(`${event.migration} goes on after statement ${event.statementsDone}`);
      case 'connecting':
        return logger.warn(`No connection yet: ${event.reason}; trying again`);
      case 'blocked':
        return logger.warn(`${event.migration} waits for a lock held by ${event.blockers.map(describe).join('; ')}`);
      case 'retrying':
        return logger.warn(retrying(event));
      case 'warning':
        return logger.warn(event.message);
      case 'lock-acquired':
      case 'migration-started':
      case 'statement':
        return undefined;
    }
  };
}

function retrying(event: Extract<MigrateEvent, { readonly type: 'retrying' }>): string {
  return `${event.migration} did not get its locks (${event.reason}); rolled back, trying again in ${event.delayMs} ms`;
}

function describe(blocker: Blocker): string {
  return `pid ${blocker.pid} ${blocker.application} ${blocker.state}`.trim();
}
