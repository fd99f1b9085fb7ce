/** PostgreSQL cuts names off at 63 bytes; here that must not happen unnoticed. */
export function shortened(name: string): string {
  if (Buffer.byteLength(name) <= 63) return name;
  let kept = name;
  while (Buffer.byteLength(kept) > 55) kept = kept.slice(0, -1);
  const sum = Array.from(name).reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 0xffffff, 7);
  return `${kept}_${sum.toString(36)}`;
}
