import type { Fault as Broken } from '../../support/proxy.js';
import type { Fault } from './fault.js';
import { atAnyMessage } from './messages.js';

function network(kind: string, broken: Broken): Fault {
  return { kind, effect: 'lost replies', strike: (scene) => atAnyMessage(scene, broken) };
}

export const cut = network('connection cut', 'cut');
export const freeze = network('connection frozen', 'freeze');
export const drop = network('reply dropped', 'drop');
