type Part = 'user' | 'password' | 'host' | 'port' | 'database';

/** Only variables of this kind are compared: `USER` and `HOSTNAME` are those of the shell. */
const ofDatabase = /DB|DATABASE|PG|POSTGRES|SQL|TYPEORM|DSN/i;
const ofPart: Readonly<Record<Part, RegExp>> = {
  user: /USER|ROLE|LOGIN/i,
  password: /PASS|PWD/i,
  host: /HOST|SERVER|ADDR/i,
  port: /PORT/i,
  database: /^(?!.*(?:USER|ROLE|LOGIN|PASS|PWD|HOST|SERVER|ADDR|PORT))/i,
};

const inWords = new Intl.ListFormat('en-GB');

/**
 * The names of the environment variables that hold these parts of an address, or all of it, whatever the project calls them. Without one, those
 * of nest-migrate, and words for any other place.
 */
export function setBy(shown: string, parts: readonly Part[]): string {
  const address = parsed(shown);
  const names = address === undefined ? [] : variablesOf(address, parts);
  const it = parts.length > 1 && !parts.includes('host') ? 'them' : 'it';
  return names.length > 0 ? inWords.format(names) : `DATABASE_URL or where the data source gets ${it}`;
}

function variablesOf(address: URL, parts: readonly Part[]): readonly string[] {
  const variables = Object.entries(process.env).filter(([name, value]) => ofDatabase.test(name) && value);
  const whole = variables.filter(([, value = '']) => isSame(parsed(value), address));
  if (whole.length > 0) return whole.map(([name]) => name);
  const values: Readonly<Record<Part, string | undefined>> = {
    user: decoded(address.username),
    // It is not shown, so it is not known here.
    password: undefined,
    host: address.hostname,
    port: address.port || '5432',
    database: decoded(address.pathname.slice(1)),
  };
  const found = (part: Part): readonly string[] =>
    variables.filter(([name, value]) => ofPart[part].test(name) && value === values[part]).map(([name]) => name);
  const users = found('user');
  // One that is empty is where the password belongs.
  const passwords = Object.keys(process.env).filter((name) => ofDatabase.test(name) && isBeside(name, users));
  return parts.flatMap((part) => (part === 'password' ? passwords : found(part)));
}

/** `DB_PASSWORD`, where the user is in `DB_USERNAME`. */
function isBeside(name: string, users: readonly string[]): boolean {
  const stem = (of: string, part: Part): string => of.slice(0, of.search(ofPart[part]));
  return ofPart.password.test(name) && users.some((user) => stem(user, 'user') === stem(name, 'password'));
}

function isSame(one: URL | undefined, other: URL): boolean {
  return one?.host === other.host && one.username === other.username && one.pathname === other.pathname;
}

function parsed(address: string): URL | undefined {
  return /^postgres(?:ql)?:\/\//i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
