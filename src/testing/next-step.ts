import { isMigrateError } from '../errors.js';

/** Test runners print only the message of an error, so the message also says what to do next. */
export async function tellingNextStep<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isMigrateError(error) || error.message.endsWith(error.next)) throw error;
    throw error.with({ message: `${error.message}\n→ ${error.next}` });
  }
}
