import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { adviceOnParts, causeOf, encode, placeOf, reasonOf } from '../data-source/address.js';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
import { sslRequest } from '../ssl-request.js';
import { remedyOf, sqlState } from './failure.js';
import { setBy } from './set-by.js';

export interface FailedConnection {
  /** The address without its password; undefined if it cannot be shown. */
  readonly shown: string | undefined;
  /** @default 1 */
  readonly attempts?: number;
  /** What is known of the database. @default 'Nothing was changed.' */
  readonly state?: string;
  /** Whether an encrypted connection may succeed where this one was refused. @default false */
  readonly maySucceedEncrypted?: boolean;
}

const longer =
  "To wait longer or shorter: --connect-timeout 2min; in an app, the setting connect: { timeout: '2min' }.";

/** The error for a failed connection, without its password. */
export function connectionError(error: unknown, failed: FailedConnection): MigrateError {
  if (isMigrateError(error)) return error;
  const { shown, attempts = 1, state = 'Nothing was changed.' } = failed;
  const where = placeOf(shown);
  const reason = reasonOf(error, shown);
  const cause = causeOf(error, shown);
  const code = codeOf(error);
  const ending = state === '' ? '' : ` ${state}`;
  if (isPasswordMissing(error) || code === '28P01' || code === '28000') {
    const [why, next] = refused(error, reason, failed);
    return new MigrateError({
      code: 'AUTHENTICATION_FAILED',
      message: `Authentication failed at ${where}: ${why}.`,
      next: `${next}${ending}`,
      cause,
    });
  }
  if (code === '3D000') {
    return new MigrateError({
      code: 'DATABASE_MISSING',
      message: `The server at ${where} has no such database: ${reason}.`,
      next: `Create it: nest-migrate database create\nOr correct its name, in ${setBy(shown ?? '', ['database'])}.`,
      cause,
    });
  }
  const tried = attempts > 1 ? ` (tried ${attempts} times)` : '';
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `No connection to ${where}${tried}: ${reason || 'no answer'}.`,
    next:
      shown === undefined
        ? encode
        : (adviceOnParts(shown) ??
          `${aboutSsl(error) ?? aboutPooler(error) ?? aboutLimit(error, reason) ?? aboutServer(error) ?? `Start the server, or correct its address, in ${setBy(shown, ['host', 'port'])}. ${longer}`}${ending}`),
    cause,
  });
}

const certificateCodes = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED/;

function aboutSsl(error: unknown): string | undefined {
  const message = messageOf(error);
  if (message.includes('does not support SSL'))
    return 'The data source requires SSL, but this server does not support it: if the server is local, remove `ssl` from the options, or sslmode from DATABASE_URL.';
  if (certificateCodes.test(codeOf(error) ?? ''))
    return 'Name the certificate authority of the server: sslrootcert=<file> in DATABASE_URL, or `ssl: { ca }` in the data source.';
  return undefined;
}

/** PgBouncer's words for what it does not pass on to the server. */
function aboutPooler(error: unknown): string | undefined {
  const parameter = /^unsupported startup parameter: (\S+)/.exec(messageOf(error))?.[1];
  if (parameter === undefined) return undefined;
  return `There is a pooler at this address, which refuses ${parameter} of the data source (\`extra\`, the address, or PGOPTIONS). Connect to the server itself; or set it on the role instead: ALTER ROLE … SET search_path = …`;
}

/** What to do about a limit of connections. The server that refuses one is running, and its address is right. */
function aboutLimit(error: unknown, reason: string): string | undefined {
  if (reason.includes('max_client_conn'))
    return `The pooler at this address has as many clients as its setting max_client_conn allows. Close some of them, or raise it; or use the address of the server itself. ${longer}`;
  if (codeOf(error) !== '53300') return undefined;
  const [limit, condition, raise] = limitIn(reason);
  return `The server has as many connections as ${limit} allows, and a run needs two at a time. To see which: SELECT pid, usename, datname, application_name, client_addr, state, state_change FROM pg_stat_activity${condition}; Close some of them (smaller pools, fewer replicas), then try again; or raise ${raise}. ${longer}`;
}

/** For a server that has answered, but does not let this client in: it is running, and its address is right. */
function aboutServer(error: unknown): string | undefined {
  const code = sqlState(error);
  if (code === undefined) return undefined;
  if (code === '57P03')
    return `The server is starting, recovering or shutting down; its log says how far it is. ${longer}`;
  const remedy = remedyOf(error);
  return remedy === undefined
    ? 'The server has answered with this error: its log may say more.'
    : `${remedy}, then try again.`;
}

/** The limit that the server names, which connections count, and how to raise it. */
function limitIn(reason: string): readonly [limit: string, condition: string, raise: string] {
  const [, kind, name = ''] = /^too many connections for (role|database) "(.+)"$/.exec(reason) ?? [];
  if (kind === undefined) return ['its setting max_connections', '', 'that setting, which needs a restart'];
  const column = kind === 'role' ? 'usename' : 'datname';
  return [
    `the CONNECTION LIMIT of the ${kind} "${name}"`,
    ` WHERE ${column} = ${quoteLiteral(name)}`,
    `the limit: ALTER ${kind.toUpperCase()} ${quoteName(name)} CONNECTION LIMIT …`,
  ];
}

/** Whether the server has asked for a password which the driver does not have, or has in a type that it cannot send. */
export function isPasswordMissing(error: unknown): boolean {
  return /client password must be a|^Password must be a string$|empty password returned by client/.test(
    messageOf(error),
  );
}

/** Why the server has refused this client, and what to do. */
function refused(
  error: unknown,
  reason: string,
  { shown = '', maySucceedEncrypted = false }: FailedConnection,
): readonly [why: string, next: string] {
  if (isPasswordMissing(error)) {
    const where = setBy(shown, ['password']);
    return /:\*{3}@/.test(shown)
      ? ['the server asks for a password, and the one that is given is not a string', `Correct it, in ${where}.`]
      : ['the server asks for a password, and none is given', `Add the password, in ${where}.`];
  }
  // In any language of the server.
  if (!reason.includes('pg_hba.conf'))
    return [reason, `Correct the user and password, in ${setBy(shown, ['user', 'password'])}.`];
  const encrypted = maySucceedEncrypted
    ? ' The server supports encryption, and perhaps accepts this connection only with it (hostssl): then add sslmode=require to DATABASE_URL, or `ssl` to the data source.'
    : '';
  return [
    reason,
    `The pg_hba.conf of the server does not let this user connect to this database from this host. Let its administrator add a line for them (a provider may call it allowed addresses), or correct the address, in ${setBy(shown, ['user', 'host', 'database'])}.${encrypted}`,
  ];
}

/** The same, after asking the server what the advice depends on. */
export async function connectionFailed(
  error: unknown,
  failed: FailedConnection & { readonly encryption: Encryption },
): Promise<MigrateError> {
  const { shown, encryption } = failed;
  // As the server ends its message for an unencrypted connection; before version 12, SSL off.
  const isPlain = reasonOf(error, shown).includes('pg_hba.conf') && /no encryption|SSL off/.test(messageOf(error));
  const maySucceedEncrypted = isPlain && encryption === 'not tried' && (await offersEncryption(shown));
  return connectionError(error, { ...failed, maySucceedEncrypted });
}

/** Whether an encrypted connection was tried before one that is not encrypted. */
export type Encryption = 'tried' | 'not tried';

const longestAnswerMs = 2000;

async function offersEncryption(shown: string | undefined): Promise<boolean> {
  if (shown === undefined || !URL.canParse(shown)) return false;
  const { hostname, port } = new URL(shown);
  // A socket directory has no host here, and its connections are never encrypted.
  if (!hostname || hostname.includes('*')) return false;
  const socket = connect(Number(port || 5432), hostname.replace(/^\[(.+)\]$/, '$1'));
  socket.on('error', () => undefined);
  try {
    socket.write(sslRequest);
    const answer = once(socket, 'data').then(([bytes]) => (bytes as Buffer).toString('latin1') === 'S');
    return await Promise.race([answer, sleep(longestAnswerMs, false, { ref: false })]).catch(() => false);
  } finally {
    socket.destroy();
  }
}
