import { createHash } from 'node:crypto';

/** NAMEDATALEN - 1: the server keeps that many bytes of a name, and leaves out the rest without an error. */
const longest = 63;

/** What the server keeps of a name. Two long names that begin alike become one. */
export function truncatedName(name: string): string {
  return firstBytes(name, longest);
}

/** The name itself, or where it is too long a name made of it that no other name becomes. */
export function fittingName(name: string): string {
  if (Buffer.byteLength(name) <= longest) return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${firstBytes(name, longest - 1 - mark.length)}_${mark}`;
}

/**
 * The name that the server makes of a table, its columns and a label, such as that of the sequence of a `serial` column: it takes bytes
 * from the longer one of the two until all of it fits. https://doxygen.postgresql.org/indexcmds_8c.html, `makeObjectName`
 */
export function generatedName(table: string, columns: string, label: string): string {
  const room = longest - Buffer.byteLength(label) - 2;
  let [first, second] = [Buffer.byteLength(table), Buffer.byteLength(columns)];
  while (first + second > room) {
    if (first > second) first -= 1;
    else second -= 1;
  }
  return `${firstBytes(table, first)}_${firstBytes(columns, second)}_${label}`;
}

/** The longest prefix of whole characters that fits. */
function firstBytes(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    kept += character;
  }
  return kept;
}
