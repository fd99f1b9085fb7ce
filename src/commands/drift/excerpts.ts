/** The number of characters that are shown of a long text. */
const longest = 90;
const before = 25;

/** `type varchar(50) in the migrations, varchar(100) in the database` */
export function bothWays(what: string, expected: unknown, actual: unknown): string {
  return `${what} ${String(expected)} in the migrations, ${String(actual)} in the database`.trimStart();
}

/** Excerpts of two long texts, around the place where they begin to differ. */
export function excerpts(one: string, other: string): readonly [string, string] {
  if (one.length <= longest && other.length <= longest) return [one, other];
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const from = same <= before ? 0 : one.lastIndexOf(' ', same - before) + 1;
  return [cut(one, from), cut(other, from)];
}

function cut(text: string, from: number): string {
  const rest = text.slice(from);
  return `${from > 0 ? '… ' : ''}${rest.length > longest ? `${rest.slice(0, longest)}…` : rest}`;
}
