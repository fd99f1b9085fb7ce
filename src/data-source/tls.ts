import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { ExitCode, messageOf, MigrateError } from '../errors.js';
import { PreferredTls } from './preferred-tls.js';

/** The encryption of a connection, in TypeORM's options. */
export interface Encryption {
  /** Understood by `pg` as well. */
  readonly ssl?: false | TlsOptions;
  /** Options that TypeORM passes on to `pg`. */
  readonly extra?: { readonly stream?: () => Duplex };
}

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity?: () => undefined;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const modes = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'];

/** The parameters of libpq that configure encryption, each with its variable. */
const variables = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
} as const;

export type TlsParameters = { readonly [name in keyof typeof variables]?: string };

export const tlsParameterNames = Object.keys(variables) as readonly (keyof typeof variables)[];

export function encryptionFromEnvironment(env: NodeJS.ProcessEnv): Encryption {
  return encryptionFrom(
    Object.fromEntries(
      tlsParameterNames.flatMap((name) => (env[variables[name]] ? [[name, env[variables[name]]]] : [])),
    ),
  );
}

/**
 * The modes as libpq defines them: `prefer` encrypts if the server supports it, `require` encrypts without verifying the server, and
 * `verify-*` verifies it. `pg` verifies in all of these modes, and warns.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
export function encryptionFrom({ sslmode, sslrootcert, sslcert, sslkey }: TlsParameters): Encryption {
  if (sslmode === undefined) return {};
  if (!modes.includes(sslmode)) throw invalid('sslmode has an unknown value.', `Use one of ${modes.join(', ')}.`);
  if (sslmode === 'disable' || sslmode === 'allow') return { ssl: false };
  const files = {
    ...(sslrootcert && sslrootcert !== 'system' && { ca: read('sslrootcert', sslrootcert) }),
    ...(sslcert && { cert: read('sslcert', sslcert) }),
    ...(sslkey && { key: read('sslkey', sslkey) }),
  };
  if (sslmode === 'verify-full') return { ssl: { rejectUnauthorized: true, ...files } };
  // With a root certificate, libpq's `require` means `verify-ca`: the certificate is checked, but the host name is not.
  if (sslmode === 'verify-ca' || (sslmode === 'require' && files.ca !== undefined)) {
    return { ssl: { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...files } };
  }
  const unchecked = { rejectUnauthorized: false, ...files };
  if (sslmode === 'prefer') return { ssl: false, extra: { stream: () => new PreferredTls(unchecked) } };
  return { ssl: unchecked };
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(
      `The file of ${name} cannot be read: ${messageOf(error)}.`,
      'Correct its path in DATABASE_URL, or in the PGSSL… variable.',
    );
  }
}

/** The error for an address or a variable that is invalid. */
export function invalid(message: string, next: string): MigrateError {
  return new MigrateError({ code: 'DATA_SOURCE_INVALID', message, next, exitCode: ExitCode.usage });
}
