/** 1.23 s, 170 ms */
export const duration = (seconds) =>
  seconds >= 1
    ? `${seconds.toFixed(2)} s`
    : `${(seconds * 1000).toFixed(seconds < 0.001 ? 2 : seconds < 0.01 ? 1 : 0)} ms`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
export const times = (ratio) => `${ratio.toFixed(2)} ×`;

/** The median with the range, and how many times what nest-migrate takes. */
function cellOf(figure, reference, unit = duration) {
  if (figure === undefined) return '';
  const range = figure.runs > 1 ? ` (${unit(figure.min)} – ${unit(figure.max)})` : '';
  const ratio = reference === undefined || reference === figure ? '' : ` · ${times(figure.median / reference.median)}`;
  return `${unit(figure.median)}${range}${ratio}`;
}

/**
 * One line for each name, one column for each size. `figures` are by size and then by name; ratios are to the line `reference`.
 * `more` are further columns: `{ title, of: (name) => text }`.
 */
export function compare({ names, figures, reference, unit, more = [] }) {
  const sizes = [...figures.keys()];
  return {
    head: ['', ...more.map(({ title }) => title), ...sizes.map(String)],
    lines: names.map((name) => [
      name,
      ...more.map(({ of }) => of(name)),
      ...sizes.map((size) => cellOf(figures.get(size).get(name), figures.get(size).get(reference), unit)),
    ]),
  };
}

export function markdownOf({ head, lines }) {
  const escape = (text) => String(text).replaceAll('|', '\\|');
  const line = (cells) => `| ${cells.map(escape).join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...lines.map(line)].join('\n');
}
