import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { CheckResult } from '../../src/commands/check/types.js';
import type { LintResult } from '../../src/commands/lint/types.js';
import { openParser } from '../../src/observe/parser.js';
import { runCli } from '../support/cli.js';
import { itInFull } from '../support/sample.js';
import { blocks, pages, proseOf, root } from './blocks.js';
import { commandsIn, problemWith } from './shell.js';
import { projectOf, walk } from './start.js';
import { compilerErrors } from './typescript.js';

const tested = new Set(['sh', 'ts', 'js', 'sql', 'json', 'yaml', 'text']);
/** Languages that nothing here reads, and why. */
const untested: Readonly<Record<string, string>> = {
  dockerfile: 'an image would have to be built: test/packed installs the package and runs compiled files instead',
};
/** Blocks that cannot be compiled, and why. */
const outlines: Readonly<Record<string, string>> = {
  'docs/generate.md': 'the outline of a generated file: test/generate compiles whole ones',
};
/** SQL that a person completes, and why it cannot be parsed as it is. */
const templates: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/<[a-z ]+>|…/, 'a rule leaves what only the author knows to be filled in'],
  [/^-- In CREATE TABLE|^-- For example/, 'a rule shows a part of a statement'],
];
const inLanguage = (language: string) => blocks.filter((block) => block.language === language);

it('each block names its language', () => {
  const unknown = blocks.filter(({ language }) => !tested.has(language) && untested[language] === undefined);
  expect(unknown.map(({ place }) => place)).toEqual([]);
});

/** What a person types in a block: all of a shell's lines, those after a prompt, and those of a job in CI. */
const typed: Readonly<Record<string, (text: string) => string>> = {
  sh: (text) => text,
  text: (text) => text.match(/(?<=^\$ ).*/gm)?.join('\n') ?? '',
  yaml: (text) => text.match(/npx nest-migrate .*/g)?.join('\n') ?? '',
};

it('commands in blocks exist, with their flags and arguments', async () => {
  const commands = blocks.flatMap(({ place, language, text }) =>
    commandsIn(typed[language]?.(text) ?? '').map((args) => ({ place, args })),
  );
  expect(commands.length).toBeGreaterThan(100);
  expect(await problemsOf(commands)).toEqual([]);
});

it('commands in sentences exist, with their flags', async () => {
  // `nest-migrate resolve` names the command, and `nest-migrate <command> --help` none.
  const commands = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/`((?:npx )?nest-migrate [^`]*)`/g)]
      .map(([, command = '']) => command.replace(/\s+/g, ' '))
      .filter((command) => !/<command>|<action>/.test(command))
      .flatMap((command) => commandsIn(command).map((args) => ({ place: page, args }))),
  );
  expect(commands.length).toBeGreaterThan(50);
  const problems = await problemsOf(commands);
  expect(problems.filter((problem) => !problem.includes('missing required argument'))).toEqual([]);
});

async function problemsOf(commands: readonly { readonly place: string; readonly args: readonly string[] }[]) {
  const problems = commands.map(async ({ place, args }) => {
    const problem = await problemWith(args);
    return problem === undefined ? [] : [`${place}: nest-migrate ${args.join(' ')}: ${problem}`];
  });
  return (await Promise.all(problems)).flat();
}

it('the scripts of this repository that README.md names exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const named = inLanguage('sh')
    .filter(({ page }) => page === 'README.md')
    .flatMap(({ text }) => [...text.matchAll(/npm (?:run )?(test|demo|\w+:\w+)/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThan(0);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});

it('PostgreSQL can parse the blocks of SQL', async () => {
  const parser = await openParser();
  const wrong = inLanguage('sql')
    .filter(({ text }) => parser.parse(text) === undefined)
    .filter(({ text }) => !templates.some(([pattern]) => pattern.test(text)));
  expect(inLanguage('sql').length).toBeGreaterThan(300);
  expect(wrong.map(({ place }) => place)).toEqual([]);
});

it('blocks of JSON are JSON', () => {
  for (const { text } of inLanguage('json')) expect(() => JSON.parse(text) as unknown).not.toThrow();
});

it('blocks of TypeScript and JavaScript compile, with the types that users get', () => {
  const code = blocks.filter(({ language, page }) => ['ts', 'js'].includes(language) && outlines[page] === undefined);
  expect(code.length).toBeGreaterThan(40);
  expect(compilerErrors(code, ['docs/json.md'])).toEqual([]);
});

// Seven commands, each on databases in its process.
itInFull('the five-minute start works as it is written, on the embedded database', async () => {
  const { project, ran } = await walk('docs/start.md');
  expect(ran).toEqual(
    ['init', 'dev', 'status', 'generate', 'check', 'run', 'revert'].map((command) => `${command}: 0`),
  );
  const status = await runCli(['status', '--json'], { cwd: project.dir });
  expect(JSON.parse(status.stdout)).toMatchObject({ applied: [], pending: [expect.anything()] });
  project.remove();
});

itInFull(
  'what the pages show of migrations by hand goes up and down, and lint has nothing to say against it',
  async () => {
    const { project, files } = projectOf(['docs/zero-downtime.md', 'docs/writing.md']);
    const cli = async (...args: string[]) => (await runCli([...args, '--json'], { cwd: project.dir })).stdout;
    const { steps } = JSON.parse(await cli('check', '--write-lock', '--only', 'files,replay')) as CheckResult;
    expect(steps).toMatchObject([{ state: 'ok' }, { state: 'ok' }]);
    const { migrations, findings } = JSON.parse(await cli('lint', ...files)) as LintResult;
    expect(migrations).toBe(files.length);
    expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([]);
    project.remove();
  },
);
