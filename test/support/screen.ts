/** What a terminal shows in the end of what was written to it, as far as a spinner and colors use its control sequences. */
export function screenOf(written: string): string {
  const rows: string[] = [''];
  let [row, column] = [0, 0];
  const shown = written.replaceAll('\u001B', '␛');
  for (const [part, sequence, count, end] of shown.matchAll(/(␛\[\??(\d*)([A-Za-z]))|\n|[^\n␛]+/g)) {
    const line = rows[row] ?? '';
    if (part === '\n') [row, column] = [row + 1, 0];
    else if (sequence === undefined) {
      rows[row] = line.slice(0, column).padEnd(column) + part + line.slice(column + part.length);
      column += part.length;
    } else if (end === 'G') column = Math.max(0, Number(count) - 1);
    else if (end === 'A') row = Math.max(0, row - Number(count || 1));
    else if (end === 'K') rows[row] = count === '2' ? '' : line.slice(0, column);
    rows[row] ??= '';
  }
  return rows.join('\n');
}
