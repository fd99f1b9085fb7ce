/** The types of extensions. */
const ofTypes: Readonly<Record<string, string>> = {
  citext: 'citext',
  hstore: 'hstore',
  cube: 'cube',
  ltree: 'ltree',
  geometry: 'postgis',
  geography: 'postgis',
  vector: 'vector',
  halfvec: 'vector',
};

/** The functions of extensions, as used in defaults, checks, indexes and views. */
const ofFunctions: readonly (readonly [RegExp, string])[] = [
  [/\buuid_(generate_v(1|1mc|3|4|5)|nil|ns_\w+)"?\s*\(/i, 'uuid-ossp'],
  [/\b(gen_salt|gen_random_bytes|crypt|digest|hmac|pgp_(sym|pub)_\w+|armor)"?\s*\(/i, 'pgcrypto'],
  [/\b((strict_)?(word_)?similarity|show_trgm)"?\s*\(/i, 'pg_trgm'],
  [/\bunaccent"?\s*\(/i, 'unaccent'],
  [/\b(levenshtein(_less_equal)?|soundex|difference|d?metaphone(_alt)?|daitch_mokotoff)"?\s*\(/i, 'fuzzystrmatch'],
  [/\b(ll_to_earth|earth_distance|earth_box)"?\s*\(/i, 'earthdistance'],
  [/\bST_\w+"?\s*\(/, 'postgis'],
];

/** The extension of a type. */
export function extensionOfType(type: string): string | undefined {
  return ofTypes[type];
}

/** The types of these extensions. */
export function typesOf(extensions: ReadonlySet<string>): readonly string[] {
  return Object.keys(ofTypes).filter((type) => extensions.has(ofTypes[type] ?? ''));
}

/** The extensions whose functions an expression calls, each with that call. */
export function extensionsCalledIn(sql: string): readonly { readonly extension: string; readonly call: string }[] {
  return ofFunctions.flatMap(([pattern, extension]) => {
    const call = pattern.exec(sql)?.[0];
    return call === undefined ? [] : [{ extension, call: call.replace(/"?\s*\($/, '()') }];
  });
}
