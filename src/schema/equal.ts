/** Whether two payloads are the same, as the engine compares them: in any order, and without its notes, whose names begin with `_`. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  const of = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name];
  return [...names].every((name) => name.startsWith('_') || isEqual(of(a, name), of(b, name)));
}
