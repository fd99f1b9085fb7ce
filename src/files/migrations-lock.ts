import { createHash } from 'node:crypto';

/** A migration in `migrations.lock`: its file, the checksum of its text, and the line after which it was added. */
export interface LockEntry {
  /** The name of the file, without its extension. */
  readonly name: string;
  readonly checksum: string;
  /** A hash of this line and of the chain of the line that it was added after. */
  readonly chain: string;
  /** Its line number in the file. */
  readonly line: number;
}

export interface MigrationsLock {
  readonly entries: readonly LockEntry[];
  /** The line of the first conflict marker of git. The lines of both sides are among the entries. */
  readonly conflictAt: number | undefined;
  readonly unreadable: readonly { readonly line: number; readonly text: string }[];
}

export type Locked = Pick<LockEntry, 'name' | 'checksum'>;

const header = `# The migrations in the order in which they were added: file, checksum, chain. Written by nest-migrate; commit it.
# Two branches that both add migrations conflict here: keep the lines of both, then \`nest-migrate check\`.
`;
const entryLine = /^(\S.*) ([0-9a-f]{16}) ([0-9a-f]{16})$/;
const conflictMark = /^(?:<{7}|\|{7}|={7}|>{7})(?: |$)/;

export function parseLock(text: string): MigrationsLock {
  const entries: LockEntry[] = [];
  const unreadable: { line: number; text: string }[] = [];
  const seen = new Set<string>();
  let conflictAt: number | undefined;
  let inBase = false;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const content = raw.trim();
    const line = index + 1;
    if (conflictMark.test(content)) {
      conflictAt ??= line;
      // With diff3, the common ancestor stands between both sides.
      inBase = content.startsWith('|');
      continue;
    }
    if (inBase || content === '' || content.startsWith('#') || seen.has(content)) continue;
    seen.add(content);
    const [, name, checksum, chain] = entryLine.exec(content) ?? [];
    if (name !== undefined && checksum !== undefined && chain !== undefined)
      entries.push({ name, checksum, chain, line });
    else unreadable.push({ line, text: content });
  }
  return { entries, conflictAt, unreadable };
}

/** The whole file as one line of descent, which accepts every merge so far. */
export function renderLock(migrations: readonly Locked[]): string {
  return header + chained(migrations, '');
}

/** The file with lines added at its end, and all other lines unchanged. */
export function appendToLock(text: string, migrations: readonly Locked[]): string {
  const { entries } = parseLock(text);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const start = text === '' || text.endsWith('\n') ? text : text + newline;
  return start + chained(migrations, joined([...lineageOf(entries).tips])).replaceAll('\n', newline);
}

function chained(migrations: readonly Locked[], from: string): string {
  let chain = from;
  return migrations
    .map(({ name, checksum }) => {
      chain = chainOf(chain, { name, checksum });
      return `${name} ${checksum} ${chain}\n`;
    })
    .join('');
}

function chainOf(before: string, { name, checksum }: Locked): string {
  return shortHash(`${before}\n${name} ${checksum}`);
}

/** The checksum of a text, the same for the line breaks that git writes on any system. */
export function checksumOf(text: string): string {
  return shortHash(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'));
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export interface Lineage {
  /** What each line was added after: another line, several after a merge, none for the first line; undefined if no line fits. */
  readonly parents: ReadonlyMap<LockEntry, readonly LockEntry[] | undefined>;
  /** The lines that the next line is added after: the last one, or the last ones of all branches until their merge is accepted. */
  readonly tips: ReadonlySet<LockEntry>;
}

export function lineageOf(entries: readonly LockEntry[]): Lineage {
  const parents = new Map<LockEntry, readonly LockEntry[] | undefined>();
  const tips = new Set<LockEntry>();
  for (const [index, entry] of entries.entries()) {
    const previous = entries.slice(Math.max(0, index - 1), index);
    const fits = (before: readonly LockEntry[]): boolean => chainOf(joined(before), entry) === entry.chain;
    const found =
      [previous, [...tips], []].find(fits) ??
      entries.map((other) => [other]).find((before) => before[0] !== entry && fits(before));
    parents.set(entry, found);
    for (const before of found ?? previous) tips.delete(before);
    tips.add(entry);
  }
  return { parents, tips };
}

/** The same for the lines of two branches in any order. */
function joined(entries: readonly LockEntry[]): string {
  return entries
    .map(({ chain }) => chain)
    .sort()
    .join(' ');
}
