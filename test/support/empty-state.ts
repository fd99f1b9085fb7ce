import type { InitialState } from '../../src/shadow/initial-state.js';

/** Of a database in which nothing is prepared. */
export const emptyState: InitialState = { statements: [], settings: [], key: '' };
