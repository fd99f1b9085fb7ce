import { codeOf, ExitCode, messageOf, MigrateError } from '../errors.js';

/** The parts of a connection. */
export interface Parts {
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
  readonly username?: string | undefined;
  readonly password?: unknown;
  readonly database?: string | undefined;
}

type Problem = readonly [what: string, next: string];

const form = 'Write it as postgres://user:password@host:5432/database.';
export const encode =
  'Percent-encode special characters in its user and password: @ is %40, : is %3A, / is %2F, # is %23, ? is %3F, % is %25, [ is %5B.';

/** Refuses an invalid address with a reason that repeats no part of it. `name` says where the address was given. */
export function checkAddress(address: string, name: string): void {
  const problem = problemOf(address);
  if (problem !== undefined) throw unreadable(name, problem);
}

function unreadable(name: string, [what, next]: Problem): MigrateError {
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `${name} cannot be read as the address of a PostgreSQL database: ${what}.`,
    next,
    exitCode: ExitCode.usage,
  });
}

/** Refuses an address that may work but can be read in more than one way. */
export function checkUnambiguous(address: string, name: string): void {
  if (showAddress(address) === undefined) throw unreadable(name, ['an @ in it is not encoded', encode]);
}

function problemOf(address: string): Problem | undefined {
  if (/^["'`<]/.test(address)) return ['it begins with a quotation mark', 'Remove the quotation marks around it.'];
  if (!/^(?:postgres(?:ql)?:\/\/|socket:|\/(?!\/))/i.test(address)) return ['it does not begin with postgres://', form];
  if (address.startsWith('/')) return /[:@]/.test(address) ? ['it looks like a path, but is not one', form] : undefined;
  if (/^[\w.-]+(?::\d+)?(?:,[\w.-]+(?::\d+)?)+$/.test(split(address).authority.replace(/^.*@/s, '')))
    return [
      'it names several hosts, but the driver (pg) connects to only one',
      'Use the one that accepts writes, or a DNS name or pooler that leads to it.',
    ];
  try {
    parseAddress(address);
  } catch (error) {
    const isEncoding = error instanceof URIError;
    return [
      isEncoding ? 'a % in its user or password does not encode a character' : 'its host or port cannot be read',
      encode,
    ];
  }
  const { authority, rest } = split(address);
  const isMisplaced = !authority.includes('@') && /^[^?]*@|^[^?]*\?(?![\w-]+=).*@/s.test(rest);
  return isMisplaced ? ['its only @ comes after a /, ? or #', encode] : undefined;
}

/** Throws Node's error, which contains the address. */
export function parseAddress(address: string): URL {
  // A user without a host is invalid in general, but valid for PostgreSQL.
  const parsed = new URL(address.replace('@/', '@localhost/'));
  decodeURIComponent(parsed.username + parsed.password);
  return parsed;
}

/**
 * An address that is safe to show, built from the parts that look valid. Undefined if the parts cannot be told apart, because a piece of a
 * password may stand in the place of the host or the database.
 */
export function showAddress(address: string): string | undefined {
  if (problemOf(address) !== undefined) return undefined;
  if (address.startsWith('/')) {
    const [host, database] = address.split(' ', 2);
    return showParts({ host, port: '', database });
  }
  const { authority, rest } = split(address);
  // An unencoded @ may belong to the password.
  if (rest.includes('@')) return undefined;
  const { protocol, username, password, hostname, port, pathname, searchParams } = parseAddress(address);
  const isSocket = protocol === 'socket:';
  const parts: Parts = {
    host: searchParams.get('host') ?? (isSocket ? pathname : decoded(hostname.replace(/^\[(.+)\]$/, '$1'))),
    port: searchParams.get('port') ?? port,
    username: searchParams.get('user') ?? decoded(username),
    password: (searchParams.get('password') ?? password) || undefined,
    database: (isSocket ? searchParams.get('db') : decoded(pathname.slice(1))) ?? '',
  };
  // In `postgres://app:secret`, without an @, the text in the place of the port may be a password.
  if (!authority.includes('@') && !isSocket && (authority.endsWith(':') || !isName(parts.database))) return undefined;
  return showParts(parts);
}

/** The same for a connection that is given in parts. */
export function showParts({ host, port = 5432, username, password, database = '' }: Parts): string | undefined {
  const at = host || 'localhost';
  if (!isHost(at) || !/^\d{0,5}$/.test(String(port))) return undefined;
  const login = `${username ? nameOrHidden(username) : ''}${password === undefined ? '' : ':***'}`;
  const place = at.includes(':') ? `[${at}]` : at;
  return `postgres://${login && `${login}@`}${place}${port === '' ? '' : `:${port}`}/${database && nameOrHidden(database)}`;
}

const hidden = '***';

/** The same, with a host that is no name of a server hidden, because it may be a whole address. */
export function showMistyped(parts: Parts): string | undefined {
  const shown = showParts({ ...parts, host: 'hidden' });
  return shown?.replace(/hidden(?=:\d+\/|\/)/, hidden);
}

/** What is shown of a data source that gives none of the parts. */
export const nothingGiven = 'postgres://localhost:5432/';

/** What is wrong with the options of a data source from which nothing is connected with. */
export function adviceOnParts(shown: string | undefined): string | undefined {
  if (shown === nothingGiven)
    return 'The data source gives neither a host nor a user nor a database: perhaps the environment variables that it reads are not set (.env).';
  return isHostHidden(shown)
    ? 'The host contains a character that no name of a server contains, such as a comma, a space or a quotation mark: correct it where the data source gets it.'
    : undefined;
}

function isHostHidden(shown: string | undefined): boolean {
  return /[/@]\*{3}(?::\d*)?\/[^/]*$/.test(shown ?? '');
}

/** The name of a server in a sentence. */
export function placeOf(shown: string | undefined): string {
  return shown ?? 'a server whose address cannot be read reliably';
}

/** The reason that the driver or the server gives, without the names that it quotes if these must not be shown. */
export function reasonOf(error: unknown, shown: string | undefined): string {
  if (shown === undefined || isHostHidden(shown)) return codeOf(error) ?? 'no answer';
  const isWhole = !/^postgres:\/\/\*{3}[:@]|\/\*{3}$/.test(shown);
  return isWhole ? messageOf(error) : messageOf(error).replace(/["„“”«].*["“”»]/s, '"***"');
}

/** The error without anything that could be a piece of the address. */
export function causeOf(error: unknown, shown: string | undefined): Error {
  const code = codeOf(error);
  return Object.assign(new Error(reasonOf(error, shown)), code === undefined ? {} : { code });
}

function split(address: string): { readonly authority: string; readonly rest: string } {
  const after = address.slice(address.indexOf(':') + 1).replace(/^\/\//, '');
  const end = after.search(/[/?#]/);
  return end === -1 ? { authority: after, rest: '' } : { authority: after.slice(0, end), rest: after.slice(end) };
}

function isName(text: string | undefined): boolean {
  return text !== undefined && /^[\p{L}\p{N}_.+$~-]+$/u.test(text);
}

function isHost(text: string): boolean {
  return /^[\p{L}\p{N}._-]+$|^\/[\w./-]*$|^[\da-f]*:[\da-f]*:[\da-f:.]*(?:%\w+)?$/iu.test(text);
}

/** A name if it is safe to show. Any other text may contain a part of a password. */
export function nameOrHidden(text: string): string {
  return isName(text) ? text : '***';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
