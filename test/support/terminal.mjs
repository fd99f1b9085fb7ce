// Preloaded by tests: a command reads keys from a terminal and writes to one of 80 columns, whose control sequences reach the test.
import { clearLine, cursorTo, moveCursor } from 'node:readline';

Object.assign(process.stdin, { isTTY: true, setRawMode: () => process.stdin });
Object.assign(process.stderr, {
  isTTY: true,
  columns: 80,
  cursorTo: (column) => cursorTo(process.stderr, column),
  moveCursor: (x, y) => moveCursor(process.stderr, x, y),
  clearLine: (side) => clearLine(process.stderr, side),
});
