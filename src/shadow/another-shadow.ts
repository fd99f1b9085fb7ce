import { codeOf, messageOf } from '../errors.js';

const example = '--shadow postgres://user:password@host:5432/postgres (or the setting shadow)';

/** What to do if a shadow lacks an extension, or its role a privilege; undefined for other errors. */
export function anotherShadow(error: unknown): string | undefined {
  if (codeOf(error) === '42501')
    return `The role with which the shadow is used lacks a privilege (${messageOf(error)}). Use the role of an administrator, on a server for development: ${example}`;
  const extension = missingExtension(error);
  if (extension === undefined) return undefined;
  return `The shadow does not have that extension. Use a server that has ${extension}: ${example}`;
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
