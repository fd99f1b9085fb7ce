import type { EventListener } from '../events.js';
import type { Instantiate, Listing } from '../files/migration.js';
import type { Configured } from '../shadow/initial-session.js';

/** The project of the snapshots: a data source with its migrations and settings. */
export interface Project extends Configured, Listing {
  readonly settings: Configured['settings'] & Listing['settings'];
  readonly instantiate: Instantiate;
  /** Hears of the migrations that are replayed. */
  readonly onEvent?: EventListener;
}
