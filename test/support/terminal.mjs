// Preloaded by tests: what a command writes to stderr goes to a terminal of 80 columns, whose control sequences reach the test.
import { clearLine, cursorTo, moveCursor } from 'node:readline';

Object.assign(process.stderr, {
  isTTY: true,
  columns: 80,
  cursorTo: (column) => cursorTo(process.stderr, column),
  moveCursor: (x, y) => moveCursor(process.stderr, x, y),
  clearLine: (side) => clearLine(process.stderr, side),
});
