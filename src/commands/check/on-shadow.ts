import { createTypeormTable, withShadow } from '../generate/on-shadow.js';
import type { Shadow } from '../../shadow/shadow.js';
import type { CheckWork } from './work.js';

/** Lends a throwaway database on which migrations can be replayed. */
export function withEmptyShadow<T>({ context, options }: CheckWork, work: (shadow: Shadow) => Promise<T>): Promise<T> {
  return withShadow(context, options.shadow, async (shadow) => {
    await createTypeormTable(shadow, context);
    return work(shadow);
  });
}
