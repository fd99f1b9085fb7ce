import { resolve } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createProject } from '../support/project.js';

/** Makes terminals of these streams, as far as colors go. */
const terminals = (...streams: readonly string[]): string =>
  `data:text/javascript,import { WriteStream } from 'node:tty'; const { getColorDepth } = WriteStream.prototype;${streams
    .map((name) => `Object.assign(process.${name}, { isTTY: true, getColorDepth });`)
    .join('')}`;
/** Which of the two streams contains control sequences. */
const colored = ({ stdout, stderr }: CliResult): object => ({
  stdout: stdout.includes('\u001B['),
  stderr: stderr.includes('\u001B['),
});

describe('colors', () => {
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'data-source.js': `module.exports = { type: 'postgres', url: 'postgres://localhost:1/none', entities: [], migrations: ['*.sql'] };`,
    '1700000000000-drop.sql': 'DROP TABLE a;\n',
  });
  afterAll(() => project.remove());
  const run = (
    args: readonly string[],
    streams: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<CliResult> =>
    runNode(['--import', terminals(...streams), resolve('dist/esm/cli/main.js'), ...args], {
      cwd: project.dir,
      env: { TERM: 'xterm', ...env },
    });
  const help = ['help', 'no-such-page'];

  it.each([
    ['a terminal', ['stderr'], {}, [], true],
    ['a terminal beside which the result is redirected', ['stdout'], {}, [], false],
    ['NO_COLOR', ['stderr'], { NO_COLOR: '1' }, [], false],
    ['a terminal without colors', ['stderr'], { TERM: 'dumb' }, [], false],
    ['FORCE_COLOR without a terminal', [], { FORCE_COLOR: '1' }, [], true],
    ['--no-color', ['stderr'], {}, ['--no-color'], false],
  ] as const)('of an error, on %s', async (_where, streams, env, flags, isColored) => {
    const result = await run([...help, ...flags], streams, env);
    expect([result.code, colored(result)]).toEqual([2, { stdout: false, stderr: isColored }]);
  });
});
