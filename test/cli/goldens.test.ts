import { expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';

const commands = [
  ...['run', 'plan', 'status', 'revert', 'redo', 'wait', 'drift', 'baseline', 'resolve'],
  ...['init', 'generate', 'create', 'check', 'lint', 'help'],
];
const tooLong = (text: string): readonly string[] => text.split('\n').filter((line) => line.length > 80);

it('what --help shows, of the program and of each command', async () => {
  const asked = [['--help'], ...commands.map((command) => [command, '--help'])];
  const helps: string[] = [];
  for (const args of asked) {
    const { code, stdout, stderr } = await runCli(args, { cwd: process.cwd() });
    expect([args, code, stderr]).toEqual([args, 0, '']);
    expect(tooLong(stdout)).toEqual([]);
    helps.push(`$ nest-migrate ${args.join(' ')}\n${stdout}`);
  }
  const [root = ''] = helps;
  const listed = [...root.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, name]) => name);
  expect(listed).toEqual(commands);
  expect(helps.join('\n')).toMatchSnapshot();
});
