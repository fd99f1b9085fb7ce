import type { Fault } from './fault.js';
import { atAnyMessage } from './messages.js';

/** A signal to one process. */
function signalled(kind: string, signal: 'SIGKILL' | 'SIGTERM'): Fault {
  return {
    kind,
    effect: 'lost replies',
    strike: (scene) => atAnyMessage(scene, 'none', (actor) => actor.kill(signal)),
  };
}

export const kill = signalled('kill -9', 'SIGKILL');
export const term = signalled('SIGTERM', 'SIGTERM');
