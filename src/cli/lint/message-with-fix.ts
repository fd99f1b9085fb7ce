import type { Finding } from '../../commands/lint/types.js';

/** A finding as one text, for services that do not support fixes. */
export function messageWithFix({ message, fix, advice }: Finding): string {
  return [
    message,
    ...(fix === undefined ? [] : [`Instead:\n${fix}`]),
    ...(advice === undefined ? [] : [`Advice:\n${advice}`]),
  ].join('\n\n');
}
