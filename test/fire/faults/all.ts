import { disk } from './disk.js';
import type { Fault } from './fault.js';
import { cut, drop, freeze } from './network.js';
import { blocker, connections, promotion, restart, rights, terminate } from './server.js';
import { kill, term } from './signals.js';
import { clock, deploys, poolers, tls } from './ways.js';
import { zombie } from './zombie.js';

/** Every kind of fault, in the order in which the report names them. */
export const faults: readonly Fault[] = [
  ...[kill, term, cut, freeze, drop, restart, terminate, zombie],
  ...[disk, rights, connections, blocker, clock, deploys, promotion],
  ...poolers,
  tls,
];
