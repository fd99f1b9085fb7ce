/** The names of the settings, and of those of `connect`. */
interface Known {
  readonly settings: readonly string[];
  readonly connect: readonly string[];
}

export function unknownKeys(given: Readonly<Record<string, unknown>>, known: Known): readonly string[] {
  const { connect, lint } = given;
  const unknown = (prefix: string, value: unknown, names: readonly string[]): readonly string[] =>
    Object.keys(value ?? {})
      // Where this one has gone is said by itself.
      .filter((key) => !names.includes(key) && key !== 'drift')
      .map((key) => `unknown setting "${prefix}${key}" (known: ${names.join(', ')})`);
  return [
    ...unknown('', given, known.settings),
    ...unknown('connect.', connect, known.connect),
    ...unknown('lint.', lint, ['rules']),
  ];
}

const simpleSettings = [
  ['online', 'boolean', 'true or false'],
  ['keepDown', 'boolean', 'true or false'],
  ['directUrl', 'string', 'the address of a server'],
  ['developmentDatabase', 'string', 'the name of a database'],
  ['shadow', 'string', 'the address of a server'],
  ['service', 'string', 'the name of this app'],
  ['dir', 'string', 'a folder'],
  ['seeds', 'string', 'a folder'],
  ['initialState', 'string', 'SQL or the path of a .sql file'],
] as const;

export function wrongTypes(given: Readonly<Record<string, unknown>>): readonly string[] {
  return simpleSettings.flatMap(([key, type, what]) => {
    const value = given[key];
    return value === undefined || typeof value === type ? [] : [`${key} must be ${what}, but is ${show(value)}`];
  });
}

export function sourcesProblems(given: unknown): readonly string[] {
  const isMap = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (given === undefined || given === false) return [];
  if (isMap && Object.values(given).every((folder) => typeof folder === 'string')) return [];
  return [`sources must be false or an object such as { "dist": "src" }, but is ${show(given)}`];
}

export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
