import { codeOf, messageOf } from '../errors.js';

/** How to name another shadow. */
export const shadowFlag = '--shadow postgres://user:password@host:5432/postgres (or the setting shadow)';

/**
 * What to do if a shadow lacks an extension, or its role a privilege that only an administrator gives; undefined for other errors. What a
 * migration may not do in a role that it has taken itself is its own affair.
 */
export function anotherShadow(error: unknown): string | undefined {
  if (codeOf(error) === '42501' && /^(?:permission denied to create|must be superuser)/.test(messageOf(error)))
    return `The role with which the shadow is used lacks a privilege (${messageOf(error)}). Use the role of an administrator, on a server for development: ${shadowFlag}`;
  const extension = missingExtension(error);
  if (extension === undefined) return undefined;
  return `The shadow does not have that extension. Use a server that has ${extension}: ${shadowFlag}`;
}

/** Whether an error means that an extension is missing. */
export function lacksExtension(error: unknown): boolean {
  return missingExtension(error) !== undefined;
}

/** The missing extension. */
export function missingExtension(error: unknown): string | undefined {
  return notAvailable.exec(messageOf(error))?.[1];
}

const notAvailable =
  /(?:could not open extension control file ".*\/|extension ")([^"/]+?)(?:\.control)?"(?: is not available|:)/;
