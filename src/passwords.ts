const hidden = '***';

// A string constant in each of its forms, also inside another one, and also when it is not closed.
// https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS
const constant = [
  String.raw`[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)`,
  String.raw`''(?=[^'\s;,)])(?:[^']|'{4})+(?:''|$)`,
  String.raw`(?:[uU]&)?'(?:[^']|'')*(?:'|$)`,
  String.raw`\$(\w*)\$[\s\S]*?(?:\$\1\$|$)`,
  String.raw`"[^"]*(?:"|$)`,
].join('|');

/** What SQL takes for a password. No tokens are read, as `sql` does it: the texts are messages that quote pieces of statements. */
const inSql = [
  // `format('ALTER ROLE app PASSWORD %L', …)`, `'… PASSWORD ' || …`: it is one of the constants that follow.
  /(?<=\bPASSWORD\s*(?:%[LsI]|'+\s*\|\|))[\s\S]+/gi,
  new RegExp(String.raw`(?<=\bPASSWORD\s+)(?:${constant})`, 'gi'),
  // A word where only a constant is allowed: the server refuses it, and quotes it.
  /(?<=\b(?:CREATE|ALTER)\s+(?:ROLE|USER|GROUP)\b[^;]*?\bPASSWORD\s+)(?!NULL\b)[^\s;'"$]+/gi,
];

/** `password=…` of a connection string, `password: '…'` of an object. After a space, only a constant: the rest may be an expression. */
const assigned =
  /(?<=password["']?)(\s*(?:=|:(?!:))\s*)(?:"(?:[^"\\\n]|\\.)*(?:"|$)|'(?:[^'\\\n]|\\.|'')*(?:'|$))|(?<=password=)[^\s&,;}'"]+/gim;

const user = String.raw`[^\s:@/'"]*`;
// What is hidden already, and what our own hints say.
const harmless = String.raw`${user}:(?:\*{3}@|password@host\b)|[\w.~%+*-]*@[^\s@]*(?:[\s,;]|$)`;

/** An address of PostgreSQL, also a malformed one: up to the last @ of the line, since an @ of the password may not be encoded. */
const postgresAddress = new RegExp(
  String.raw`(\bpostgres(?:ql)?(?:\+\w+)?(?:\s?[:;]?\s?[\\/]{1,3}(?![\\/])|:(?![\\/])))(?!${harmless})(${user}:)?(?:(?!\bpostgres(?:ql)?:).){0,4000}@`,
  'gi',
);

const otherAddress = new RegExp(String.raw`(\b[a-z][a-z0-9+.-]*:\/\/)(?!${harmless})(${user}:)[^\s'"\`<>]*@`, 'gi');

/** The text without what is, or could be, a password. `sql` is the statement that it is about: the server quotes parts of it. */
export function withoutPasswords(text: string, sql = '', addresses = addressesOfEnvironment()): string {
  let safe = text;
  for (const [name, address] of addresses) safe = safe.replaceAll(address, `$${name}`);
  for (const password of passwordsIn(sql)) safe = safe.replaceAll(password, hidden);
  if (!/password|postgres|:\/\//i.test(safe)) return safe;
  for (const pattern of [postgresAddress, otherAddress])
    safe = safe.replace(
      pattern,
      (_all, scheme: string, name: string | undefined) => `${scheme}${name ?? ':'}${hidden}@`,
    );
  for (const pattern of inSql) safe = safe.replace(pattern, hidden);
  return safe.replace(assigned, (_all, sign: string | undefined) => `${sign ?? ''}${hidden}`);
}

/** The passwords of a statement, as they stand there and as the server quotes them. */
function passwordsIn(sql: string): readonly string[] {
  const found = inSql.flatMap((pattern) => sql.match(pattern) ?? []);
  const inner = found.map((one) => one.replace(/^(?:[eE]|[uU]&)?(?:'+|"|\$\w*\$)|(?:'+|"|\$\w*\$)$/g, ''));
  return [...found, ...inner].filter((one) => one.length > 1 && one !== hidden).sort((a, b) => b.length - a.length);
}

const withoutPassword = /^\w+:\/\/(?:[\w.~+-]+@)?(?:[\w.-]+|\[[\da-f:.]+\])?(?::\d+)?(?:\/[\w.-]*)?$/i;

type Addresses = readonly (readonly [name: string, address: string])[];

/** The user's own code repeats them in its errors: a check of the environment, a library that cannot read one. */
function addressesOfEnvironment(): Addresses {
  return ['NEST_MIGRATE_DATABASE_URL', 'DIRECT_URL', 'DATABASE_URL'].flatMap((name) => {
    const address = process.env[name]?.trim() ?? '';
    if (!/[:@=]/.test(address) || withoutPassword.test(address)) return [];
    return [address, JSON.stringify(address).slice(1, -1)].map((written) => [name, written] as const);
  });
}

/** The same data without passwords in its texts. */
export function withoutPasswordsInData<T>(data: T, addresses = addressesOfEnvironment()): T {
  if (typeof data === 'string') return withoutPasswords(data, '', addresses) as T;
  if (typeof data !== 'object' || data === null) return data;
  const safe = (one: unknown): unknown => withoutPasswordsInData(one, addresses);
  if (Array.isArray(data)) return data.map(safe) as T;
  if (Object.getPrototypeOf(data) !== Object.prototype) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, safe(value)])) as T;
}

/** The same error if it contains no password, or else a copy of it: Node prints all that it finds in an error that is not caught. */
export function withoutPasswordsIn(error: unknown, sql?: string, seen: ReadonlySet<unknown> = new Set()): unknown {
  if (typeof error === 'string') return withoutPasswords(error, sql);
  if (!(error instanceof Error) || seen.has(error)) return error;
  const { query = sql } = error as { readonly query?: unknown };
  const { message, stack, cause } = error;
  const own = { ...Object.fromEntries(Object.entries(error)), message, stack, cause };
  const given = error instanceof AggregateError ? { ...own, errors: error.errors as unknown } : own;
  const changed: PropertyDescriptorMap = {};
  for (const [name, value] of Object.entries(given)) {
    const safe = safeProperty(name, value, typeof query === 'string' ? query : sql, new Set([...seen, error]));
    if (safe === value) continue;
    changed[name] = { value: safe, configurable: true, writable: true, enumerable: Object.keys(error).includes(name) };
  }
  if (Object.keys(changed).length === 0) return error;
  return Object.create(Object.getPrototypeOf(error) as object, {
    ...Object.getOwnPropertyDescriptors(error),
    stack: { value: error.stack, configurable: true, writable: true },
    ...changed,
  }) as unknown;
}

function safeProperty(name: string, value: unknown, sql: string | undefined, seen: ReadonlySet<unknown>): unknown {
  // Of Node's "Invalid URL": the whole address, however malformed.
  if (name === 'input') return hidden;
  if (!Array.isArray(value)) return withoutPasswordsIn(value, sql, seen);
  const all: readonly unknown[] = value;
  const safe = all.map((one) => withoutPasswordsIn(one, sql, seen));
  return safe.some((one, at) => one !== all[at]) ? safe : value;
}
