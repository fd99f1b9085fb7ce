import { remedyOf, sqlState } from './failure.js';

const settings: Readonly<Record<string, string>> = {
  '25P03': 'idle_in_transaction_session_timeout',
  '25P04': 'transaction_timeout',
  '57P05': 'idle_session_timeout',
};

/** The next step if the session was ended for a reason that can be removed; undefined otherwise. */
export function reasonForEnding(error: unknown): string | undefined {
  const remedy = remedyOf(error);
  return endingOf(error) ?? (remedy && `${remedy}.`);
}

/** The same, if the reason is a setting of the role or the database. */
export function endingOf(error: unknown): string | undefined {
  const setting = settings[sqlState(error) ?? ''];
  if (setting === undefined) return undefined;
  return `The server ended the session because of ${setting}, which the role or the database sets${setting === 'idle_session_timeout' ? '' : ' (in a transaction of a migration, nest-migrate raises it to 60 s)'}. Do slow work, such as a request to another service, before the migration; or, for the role that migrates: ALTER ROLE <role> SET ${setting} = '10min'`;
}
