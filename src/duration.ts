/** Milliseconds, or a text such as `500ms`, `2s`, `10min`, `1h`. */
export type Duration = number | `${number}${'ms' | 's' | 'min' | 'h'}`;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `'2s'` → 2000; undefined if the text is not a duration. */
export function milliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?\s*$/.exec(value);
  return match ? Number(match[1]) * (units[match[2] ?? 'ms'] ?? 1) : undefined;
}
