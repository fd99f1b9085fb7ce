/** A first run that was shorter than this only warms the disk cache, and does not count. */
const warmUpUnder = 2;

/**
 * Runs all cells in turn, A B A B, so that what disturbs the machine disturbs all of them. Goes on until the time is used up: few runs of what
 * takes long, many of what is quick. A cell that uses up all the time alone is not waited for again.
 * A cell is `{ name, run }`, where `run` resolves to seconds (or whatever else is measured).
 */
export async function inTurns(cells, { seconds, least, most, warmUp = true }) {
  const samples = new Map(cells.map(({ name }) => [name, []]));
  const used = new Map(cells.map(({ name }) => [name, 0]));
  const started = performance.now();
  for (let round = warmUp ? 0 : 1; round <= most; round++) {
    if (round > least && since(started) > seconds) break;
    for (const { name, run } of cells) {
      if (used.get(name) > seconds && samples.get(name).length > 0) continue;
      const began = performance.now();
      const value = await run();
      used.set(name, used.get(name) + since(began));
      if (round > 0 || value >= warmUpUnder) samples.get(name).push(value);
    }
  }
  return new Map([...samples].map(([name, values]) => [name, figureOf(values)]));
}

const since = (moment) => (performance.now() - moment) / 1000;

export function figureOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), runs: sorted.length };
}
