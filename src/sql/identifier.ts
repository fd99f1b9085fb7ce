import { createHash } from 'node:crypto';

/** NAMEDATALEN - 1: the server truncates names to this number of bytes without an error. */
const longest = 63;

/** The name after the server has truncated it. Two long names with the same beginning become one. */
export function truncatedName(name: string): string {
  return firstBytes(name, longest);
}

/** The name itself, or for a name that is too long, one derived from it that is unique. */
export function fittingName(name: string): string {
  if (Buffer.byteLength(name) <= longest) return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${firstBytes(name, longest - 1 - mark.length)}_${mark}`;
}

/**
 * The name that the server generates from a table, its columns and a label, such as for the sequence of a `serial` column: it removes bytes
 * from the longer of the two until the name fits. https://doxygen.postgresql.org/indexcmds_8c.html, `makeObjectName`
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
