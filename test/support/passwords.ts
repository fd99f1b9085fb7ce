import type { Random } from './random.js';

// No four of these stand together in any text of ours, so that what is found is a part of the password.
const letters = 'xqzkXQZKWV7498'.split('');
const specials = ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~äß€'.split('');

/** A password with every kind of character. */
export function passwordFrom(random: Random): string {
  const length = 5 + random.below(12);
  const characters = Array.from({ length }, () => random.pick(random.chance(0.3) ? specials : letters));
  // One that is not also a number, nor what could be a name.
  characters[1 + random.below(length - 2)] = random.pick(' "#$&()*,:;<=>?[\\]^`{|}'.split(''));
  return characters.join('');
}

/** What of a password a text shows: every part of four characters, as it is, as it stands in an address, as that is decoded. */
export function shownIn(text: string, password: string): readonly string[] {
  const forms = [password, encodeURIComponent(password), encodeURI(password), decoded(password)];
  const parts = forms.flatMap((form) =>
    Array.from({ length: Math.max(0, form.length - 3) }, (_, at) => form.slice(at, at + 4)),
  );
  return [...new Set(parts)].filter((part) => /[xqzkXQZKWV749]/.test(part) && text.includes(part));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface Place {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** Addresses with that password: valid ones, even if only by luck, and malformed ones. */
export function addressesWith(password: string, place: Place, random: Random): readonly string[] {
  const pw = random.chance(0.5) ? encodeURIComponent(password) : password;
  const { user: u, host: h, port, database: db } = place;
  const rest = `${u}:${pw}@${h}:${port}/${db}`;
  const right = [
    `postgres://${rest}`,
    `postgresql://${rest}?application_name=me`,
    `postgres://${u}:${encodeURI(password)}@${h}:${port}/${db}`,
    `postgres://:${pw}@${h}:${port}/${db}`,
    `postgres://${u}:${pw}@/${db}`,
    `postgres://${h}:${port}/${db}?user=${u}&password=${pw}`,
    `socket://${u}:${pw}@/var/run?db=${db}`,
  ];
  const wrong = [
    `postgres//${rest}`,
    `postgres:${rest}`,
    `postgres:${pw}@${h}/${db}`,
    `postgres:/${rest}`,
    `postgres:///${rest}`,
    `postgres;//${rest}`,
    `postgres ://${rest}`,
    `postgres:\\\\${rest}`,
    `postgresql+psycopg2://${rest}`,
    `jdbc:postgresql://${h}/${db}?user=${u}&password=${pw}`,
    `mysql://${rest}`,
    `https://${rest}`,
    `"postgres://${rest}"`,
    `'postgres://${rest}'`,
    `<postgres://${rest}>`,
    `DATABASE_URL=postgres://${rest}`,
    `psql postgres://${rest}`,
    `//${rest}`,
    `/${rest}`,
    rest,
    `${h}:${port}:${db}:${u}:${pw}`,
    `host=${h} user=${u} password=${pw} dbname=${db}`,
    `postgres://${u}:${pw}/${db}@${h}`,
    `postgres://${u}:${pw}@${h}:port/${db}`,
    `postgres://${u}:${pw}@${h}:99999/${db}`,
    `postgres://${u}:${pw}@[${h}/${db}`,
    `postgres://${u}%3A${pw}@${h}:${port}/${db}`,
    `postgres://${u};${pw}@${h}:${port}/${db}`,
    `postgres://${u},${pw}@${h}:${port}/${db}`,
    `postgres://${u} ${pw}@${h}:${port}/${db}`,
    `postgres://${u}@${pw}@${h}:${port}/${db}`,
    `postgres://${h}:${port}/${db}:${u}:${pw}`,
    `postgres://${h}:${port}/${u}:${pw}@${db}`,
    // Cut off, `app:7/xyz` and `app:a@xyz` are addresses like any other.
    ...(/@|^\d+\//.test(pw) ? [] : [`postgres://${u}:${pw}`, `postgres://${u}:${pw}${h}/${db}`]),
  ];
  return [...right, ...wrong, mutated(`postgres://${rest}`, `postgres://${u}`.length, random)];
}

/** With one character of what stands before the colon of the password replaced, repeated or missing. */
function mutated(url: string, before: number, random: Random): string {
  const at = random.below(before);
  const character = url.charAt(at);
  return url.slice(0, at) + random.pick(['', character + character, random.pick(specials)]) + url.slice(at + 1);
}
