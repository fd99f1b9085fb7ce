import { describe, expect, it } from '@jest/globals';
import { brokenLines, forksOf } from '../../src/files/branches.js';
import { appendToLock, checksumOf, parseLock, renderLock } from '../../src/files/migrations-lock.js';

const of = (...names: string[]) => names.map((name) => ({ name, checksum: checksumOf(name) }));
/** The lines that a branch has added. */
const added = (base: string, ...names: string[]): string => appendToLock(base, of(...names)).slice(base.length);
const told = (text: string) => {
  const lock = parseLock(text);
  const names = (entries: readonly { readonly name: string }[]): string => entries.map(({ name }) => name).join(' ');
  return {
    forks: forksOf(lock).map(({ branches, after }) => [branches.map(names), names(after)]),
    broken: names(brokenLines(lock)),
  };
};
const base = renderLock(of('A', 'B'));

describe('the chain of migrations.lock', () => {
  it('stays one line of descent when lines are added', () => {
    expect(appendToLock(appendToLock('', of('A')), of('B', 'C'))).toBe(
      renderLock(of('A', 'B', 'C')).replace(/^#.*\n/gm, ''),
    );
    expect(told(renderLock(of('A', 'B', 'C')))).toEqual({ forks: [], broken: '' });
  });

  it.each<[string, string, unknown]>([
    ['two branches', base + added(base, 'X', 'Y') + added(base, 'Z'), [[['X Y', 'Z'], '']]],
    ['the other first', base + added(base, 'Z') + added(base, 'X', 'Y'), [[['Z', 'X Y'], '']]],
    ['three', base + added(base, 'X') + added(base, 'Y') + added(base, 'Z'), [[['X', 'Y', 'Z'], '']]],
    ['from the very beginning', added('', 'X') + added('', 'Y', 'Z'), [[['X', 'Y Z'], '']]],
    [
      'marks of git',
      `${base}<<<<<<< HEAD\n${added(base, 'X')}||||||| 1234567\n${base}=======\n${added(base, 'Y')}>>>>>>> theirs\n`,
      [[['X', 'Y'], '']],
    ],
    ['the same line twice', base + base + added(base, 'X'), []],
  ])('shows where branches diverged: %s', (_what, text, forks) => expect(told(text)).toEqual({ forks, broken: '' }));

  it('assigns lines that were added after a merge to no branch', () => {
    const met = base + added(base, 'X', 'Y') + added(base, 'Z');
    const text = met + added(met, 'After', 'More');
    expect(told(text)).toEqual({ forks: [[['X Y', 'Z'], 'After More']], broken: '' });
    // Whatever the order of the lines of both.
    const turned = base + added(base, 'Z') + added(base, 'X', 'Y') + added(met, 'After', 'More');
    expect(told(turned)).toEqual({ forks: [[['Z', 'X Y'], 'After More']], broken: '' });
  });

  it('shows a line whose predecessor was changed or removed', () => {
    const [first, ...rest] = renderLock(of('A', 'B', 'C'))
      .replace(/^#.*\n/gm, '')
      .split(/(?<=\n)/);
    expect(told(rest.join(''))).toEqual({ forks: [], broken: 'B' });
    expect(told(`${first?.replace(/ \w/, ' 0').replace(/ 0/, ' f')}${rest.join('')}`).broken).not.toBe('');
  });

  it('ignores line endings and a byte order mark', () => {
    expect(parseLock(`\uFEFF${base.replaceAll('\n', '\r\n')}`)).toEqual(parseLock(base));
    expect(checksumOf('\uFEFFa\r\nb')).toBe(checksumOf('a\nb'));
    expect(appendToLock(base.trimEnd(), of('C'))).toBe(base + added(base, 'C'));
  });
});
