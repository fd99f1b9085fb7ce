/**
 * Modules of Node that return the same output for the same input, each with the names that may be used, or all. Modules that read files
 * are handled separately: the files that they read are part of the content.
 */
const builtins: Readonly<Record<string, readonly string[] | 'all'>> = {
  assert: 'all',
  'assert/strict': 'all',
  buffer: 'all',
  crypto: ['createHash', 'createHmac', 'getHashes', 'timingSafeEqual'],
  events: 'all',
  fs: ['readFileSync', 'readFile', 'existsSync', 'readdirSync', 'readdir', 'constants'],
  'fs/promises': ['readFile', 'readdir', 'constants'],
  os: ['EOL'],
  path: 'all',
  'path/posix': 'all',
  'path/win32': 'all',
  querystring: 'all',
  string_decoder: 'all',
  timers: 'all',
  'timers/promises': 'all',
  url: 'all',
  util: 'all',
};

/** Whether only harmless names of a Node module are used. `used` is undefined if the names are unknown. */
export function isHarmlessBuiltin(name: string, used: readonly string[] | undefined): boolean {
  const allowed = builtins[withoutScheme(name)];
  if (allowed === undefined || allowed === 'all') return allowed === 'all';
  return used?.every((one) => allowed.includes(one)) ?? false;
}

export function readsFiles(name: string): boolean {
  return /^fs(?:\/|$)/.test(withoutScheme(name));
}

function withoutScheme(name: string): string {
  return name.replace(/^node:/, '');
}

/**
 * Packages, imported by migrations and entities, whose results depend only on their input and their version. Other packages may use the
 * clock, chance, the environment or the network.
 */
const harmless = new Set([
  'typeorm',
  'nest-migrate',
  'tslib',
  'reflect-metadata',
  '@nestjs/common',
  '@nestjs/typeorm',
  '@nestjs/swagger',
  '@nestjs/graphql',
  'class-transformer',
  'class-validator',
]);

/** The exports of `typeorm` that lead to a connection other than that of the migration. */
const connects = new Set([
  'DataSource',
  'Connection',
  'EntityManager',
  'AbstractRepository',
  'createConnection',
  'createConnections',
  'getConnection',
  'getConnectionManager',
  'getManager',
  'getRepository',
  'getTreeRepository',
  'getCustomRepository',
  'getMetadataArgsStorage',
  'createQueryBuilder',
]);

/** Whether a package is one of these and the names used do not lead to another connection. `used` is undefined if the names are unknown. */
export function isHarmlessPackage(specifier: string, used: readonly string[] | undefined): boolean {
  if (!harmless.has(packageName(specifier))) return false;
  return packageName(specifier) !== 'typeorm' || (used?.every((name) => !connects.has(name)) ?? false);
}

/** `@scope/name` for `@scope/name/deep/file`. */
export function packageName(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
