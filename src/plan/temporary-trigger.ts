import { tableSql } from '../schema/object-id.js';
import type { OnRows } from './on-rows.js';
import { step } from './step.js';
import type { Step } from './step.js';
import { quoteName } from '../sql/index.js';

export interface TemporaryTrigger {
  readonly create: readonly Step[];
  /** Dropped in the second phase, since only the old version of the app needs it. */
  readonly drop: readonly Step[];
}

/** A trigger for the time while two versions of the app are running. `body` changes a row before it is written. */
export function temporaryTrigger(
  { table, ...what }: Omit<OnRows, 'routine'>,
  name: string,
  body: string,
  comment: string,
): TemporaryTrigger {
  const routine = `${quoteName(table.schema ?? 'public')}.${quoteName(name)}`;
  const event = `BEFORE INSERT OR UPDATE ON ${tableSql(table)} FOR EACH ROW`;
  return {
    create: [
      step(`CREATE FUNCTION ${routine}() RETURNS trigger LANGUAGE plpgsql AS $row$${body}$row$`, {
        comment,
        effect: 'does not block',
      }),
      step(`CREATE TRIGGER ${quoteName(name)} ${event} EXECUTE FUNCTION ${routine}()`, {
        onRows: { table, routine, ...what },
      }),
    ],
    drop: [
      step(`DROP TRIGGER ${quoteName(name)} ON ${tableSql(table)}`, {
        phase: 'contract',
        comment: 'No longer needed once the old version of the app is gone.',
      }),
      step(`DROP FUNCTION ${routine}()`, { phase: 'contract', effect: 'does not block' }),
    ],
  };
}
