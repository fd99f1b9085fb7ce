/** A name as an identifier of SQL: `"users"`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a string of SQL: `'it''s'`. Read the same whatever `standard_conforming_strings` says, so it can stand in any statement. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** The name that a word or a quoted identifier stands for: the server folds the letters A to Z, and no others. */
export function plainName(identifier: string): string {
  if (/^[uU]&"/.test(identifier)) return withUnicode(plainName(identifier.slice(2)));
  if (identifier.startsWith('"')) return identifier.slice(1, -1).replaceAll('""', '"');
  return identifier.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
function withUnicode(text: string): string {
  return text.replace(/\\(?:\\|([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6}))/g, (found, four?: string, six?: string) => {
    const code = four ?? six;
    return code === undefined ? found.slice(1) : String.fromCodePoint(Number.parseInt(code, 16));
  });
}
