/** A name as an identifier of SQL: `"users"`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL string: `'it''s'`. It is valid for any value of `standard_conforming_strings`. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** The name that a word or a quoted identifier stands for. The server folds only the letters A to Z. */
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
