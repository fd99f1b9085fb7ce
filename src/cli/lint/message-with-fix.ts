import type { Finding } from '../../commands/lint/types.js';

/** A finding in one text, for services that know nothing of fixes. */
export function messageWithFix({ message, fix, advice }: Finding): string {
  return [
    message,
    ...(fix === undefined ? [] : [`Instead:\n${fix}`]),
    ...(advice === undefined ? [] : [`Advice:\n${advice}`]),
  ].join('\n\n');
}
