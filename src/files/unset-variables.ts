import { messageOf } from '../errors.js';

/** Words of an error that is about a missing setting. Names in capital letters also occur in other errors. */
const aboutSettings = new Set(
  'env environment variable variables config configuration required missing must set defined unset'.split(' '),
);
const names = /\b[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*\b|\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g;
/** Without the word "environment", a name of one word may be anything. */
const aboutEnvironment = /\b(?:env|environment)\b/i;

/** The beginning of what to do if code fails because environment variables are not set, as far as the error names them. */
export function unsetVariables(error: unknown): string | undefined {
  const message = messageOf(error);
  const words = message.toLowerCase().match(/[a-z]+/g) ?? [];
  if (!words.some((word) => aboutSettings.has(word))) return undefined;
  const isVariable = (name: string): boolean =>
    !name.startsWith('ERR_') && (name.includes('_') || aboutEnvironment.test(message));
  const unset = [...new Set(message.match(names))].filter((name) => isVariable(name) && !process.env[name]);
  if (unset.length === 0) return undefined;
  return `Set ${listed(unset)} in the environment, or in the file that sets the other variables (.env)`;
}

export function listed(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
}
