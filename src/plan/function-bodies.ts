import type { PlannedFile } from './arrange.js';
import { step } from './step.js';

const functions: ReadonlySet<string> = new Set(['function', 'procedure']);

/** The catalog does not know what the text of a function needs, so functions made by hand can come before that. */
export function withUncheckedBodies(file: PlannedFile): PlannedFile {
  const { apart, transaction, steps } = file;
  const makesFunction = steps.some(({ brings = [] }) => brings.some(({ kind }) => functions.has(kind)));
  if (apart !== 'by hand' || !transaction || !makesFunction) return file;
  const comment = 'The body of a function may use what is created later.';
  const unchecked = step('SET LOCAL check_function_bodies = off', { comment, effect: 'does not block' });
  return { ...file, steps: [unchecked, ...steps] };
}
