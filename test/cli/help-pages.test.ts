import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { itInFull } from '../support/sample.js';
import { errorCodes } from '../../src/errors.js';
import { otherTools } from '../../src/cli/other-tools.js';
import { rules } from '../../src/rules/all-rules.js';

const docs = resolve(import.meta.dirname, '../../docs');
const files = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
const pages = files.map((file) => file.slice(0, -'.md'.length));
const read = (page: string): string => readFileSync(join(docs, `${page}.md`), 'utf8');
const sections = read('errors')
  .split(/^(?=###? )/m)
  .filter((text) => text.startsWith('### '))
  .map((text) => ({ code: text.slice('### '.length, text.indexOf('\n')), lines: text.trimEnd().split('\n') }));

it('every error code has a page, and every page is about an error code', () => {
  expect(sections.map(({ code }) => code).sort()).toEqual([...errorCodes].sort());
});

it('every page has the cause, an example and the remedy, and fits on a screen', () => {
  const misshapen = sections.filter(({ lines }) => {
    const text = lines.slice(1).join('\n');
    const [cause, example, wayOut] = text.split(/^```.*$/m).map((part) => part.trim());
    return !cause || !wayOut || !example?.startsWith('✖ ') || lines.length < 8 || lines.length > 24;
  });
  expect(misshapen).toEqual([]);
  const long = sections.flatMap(({ lines }) => lines).filter((line) => line.length > 80);
  expect(long).toEqual([]);
});

it('every page refers only to existing topics', () => {
  const known = ['docs', ...pages, ...errorCodes, ...rules.map(({ name }) => name)];
  for (const page of pages)
    for (const [, topic = ''] of read(page).matchAll(/nest-migrate help ([a-z/-]+|[A-Z_]+)\b/g))
      expect(known).toContain(topic);
});

describe("other tools' commands", () => {
  const asked = new Set(
    `migration:run migration:generate migration:revert migration:show migration:create schema:sync migrate deploy up down latest rollback
     upgrade downgrade stamp makemigrations show list push reset diff apply info undo`.split(/\s+/),
  );

  it('are answered with an existing command of this package, and nothing is executed', async () => {
    const words = otherTools.map(({ word }) => word);
    expect(new Set(words).size).toBe(words.length);
    for (const word of asked) expect(words).toContain(word);
    const answers = await Promise.all(
      otherTools.map(async (one) => ({ ...one, ...(await runCli([one.word, '-n', 'x', '--name=y'], { cwd: docs })) })),
    );
    for (const { word, ours, differs, code, stdout, stderr } of answers) {
      const next = [`nest-migrate ${ours}`, ...(differs ? [`  ${differs}`] : [])].join('\n');
      expect([code, stdout, stderr]).toEqual([
        2,
        '',
        `✖ nest-migrate has no command "${word}". Nothing was done.\n→ ${next}\nMore: nest-migrate help USAGE\n`,
      ]);
    }
    const commands = [...new Set(otherTools.map(({ ours }) => ours))];
    const helps = await Promise.all(
      commands.map(async (ours) => [ours, (await runCli([...ours.split(' '), '--help'], { cwd: docs })).stdout]),
    );
    for (const [ours = '', help] of helps) {
      const [name, ...flags] = ours.split(' ');
      expect(help).toContain(`Usage: nest-migrate ${name} `);
      for (const flag of flags) expect(help).toMatch(new RegExp(` {2}${flag} |choices: .*"${flag}"`));
    }
  });

  it('are answered with one object for --json; other unknown words are not', async () => {
    const cli = (...args: string[]) => runCli(args, { cwd: docs });
    expect(JSON.parse((await cli('rollback', '--json')).stdout)).toEqual({
      error: {
        code: 'USAGE',
        message: 'nest-migrate has no command "rollback". Nothing was done.',
        next: expect.stringMatching(/^nest-migrate revert\n/),
        help: 'nest-migrate help USAGE',
      },
    });
    expect((await cli('--help')).stdout).not.toContain('rollback');
    expect((await cli('help', 'rollback')).stderr).toContain('There is no help on "rollback"');
    expect((await cli('statsu')).stderr).toContain('(Did you mean status?)');
  });
});

const says = (script: string) => {
  const { status, stderr } = spawnSync(process.execPath, [`scripts/${script}.mjs`, '--check'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
};

it.each(['compat', 'fire', 'reference'])('the docs match the output of scripts/%s.mjs', says);

// Four commands on databases of their own: half a minute on a machine that has other work.
itInFull('README.md shows what dev, generate and plan print', () => says('captures'), 180_000);

// Ten edits, one after the other, and a `generate` beside it.
itInFull(
  'docs/dev.md shows what dev --watch prints over ten edits, and generate writes the same file',
  () => says('watch-capture'),
  600_000,
);
