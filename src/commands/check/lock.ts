import { dirname } from 'node:path';
import { fromHere } from '../../data-source/describe.js';
import { brokenLines } from '../../files/branches.js';
import { lockName } from '../../files/lock-place.js';
import { isOutput } from '../../files/outputs.js';
import type { Source } from '../../files/lock-place.js';
import { checksumOf } from '../../files/migrations-lock.js';
import type { LockEntry, MigrationsLock } from '../../files/migrations-lock.js';
import { classNameOf } from '../../files/name.js';
import { renderData, renderEmpty } from '../../files/template.js';
import type { CheckFinding } from './types.js';
import type { CheckedLock } from './work.js';

const write = 'nest-migrate check --write-lock';

/** The differences between `migrations.lock` and the files. */
export function lockFindings({ place, content, unread }: CheckedLock): readonly CheckFinding[] {
  if (unread) return [unread];
  const file = fromHere(place.file);
  // The lock belongs to the sources, which an image does not contain.
  const isExpected = place.sources.length > 0 && !isOutput(dirname(place.file));
  if (content === undefined) return isExpected ? [withoutLock(file)] : [];
  const sources = new Map(place.sources.map((source) => [source.name, source]));
  const locked = new Map(content.entries.map((entry) => [entry.name, entry]));
  return [
    ...textFindings(content, file),
    ...brokenLines(content).map((entry) => brokenChain(entry, file)),
    ...content.entries.flatMap((entry) => {
      const source = sources.get(entry.name);
      if (source === undefined) return [missing(entry, file)];
      // If a file has two lines, the later one counts here. The duplicate is reported below.
      return source.checksum === entry.checksum || locked.get(entry.name) !== entry ? [] : [edited(entry, source)];
    }),
    ...content.entries.filter((entry) => locked.get(entry.name) !== entry).map((entry) => twice(entry, file)),
    ...place.sources.filter(({ name }) => !locked.has(name)).map(notLocked),
  ];
}

function withoutLock(file: string): CheckFinding {
  return {
    severity: 'notice',
    message: `There is no ${file}: if two branches add migrations, a conflict between them would only show in a database.`,
    next: `${write}, and commit it`,
  };
}

function textFindings({ conflictAt, unreadable }: MigrationsLock, file: string): readonly CheckFinding[] {
  const conflict: readonly CheckFinding[] =
    conflictAt === undefined
      ? []
      : [
          {
            severity: 'error',
            message: `git has left conflict markers in ${lockName}: two branches have added migrations.`,
            file,
            line: conflictAt,
            next: `${write}   (keeps the lines of both, if their migrations do not conflict: see the step "branches")`,
          },
        ];
  return [
    ...conflict,
    ...unreadable.map(({ line, text }): CheckFinding => ({
      severity: 'error',
      message: `Line ${line} of ${lockName} was not written by nest-migrate: ${JSON.stringify(text.slice(0, 80))}.`,
      file,
      line,
      next: `Restore it from git's history, or rewrite the file: ${write}`,
    })),
  ];
}

function brokenChain({ name, line }: LockEntry, file: string): CheckFinding {
  return {
    severity: 'error',
    message: `The line of ${name} in ${lockName} was added after a line that no longer exists: a line above it was changed or removed, by hand or by a merge.`,
    file,
    line,
    next: `Compare it with the other branch (git log -p ${file}). If no migration is missing: ${write}`,
  };
}

function missing({ name, line }: LockEntry, file: string): CheckFinding {
  return {
    severity: 'error',
    message: `${name} is in ${lockName}, but its file is missing.`,
    file,
    line,
    next: `Restore it from git; or, if it is not applied to a shared database: ${write}`,
  };
}

function edited(entry: LockEntry, source: Source): CheckFinding {
  const place = { file: fromHere(source.file) };
  if (isStillEmpty(entry))
    return {
      severity: 'notice',
      message: `${entry.name} is no longer empty, but ${lockName} still has the checksum of the empty file.`,
      ...place,
      next: `When it is finished: ${write}`,
    };
  return {
    severity: 'error',
    message: `${entry.name} was edited after it was locked: ${lockName} has ${entry.checksum} (line ${entry.line}), the file has ${source.checksum}. Databases to which it is already applied would not get the change.`,
    ...place,
    next: `Restore it (git checkout -- ${place.file}) and write a new migration; or, if it is not applied to a shared database: ${write}`,
  };
}

/** A file that `create` wrote is expected to be edited. */
function isStillEmpty({ name, checksum }: LockEntry): boolean {
  const [, timestamp, title] = /^(\d{13})-(.+)$/.exec(name) ?? [];
  if (timestamp === undefined || title === undefined) return false;
  const named = { name: classNameOf(title) + timestamp, timestamp: Number(timestamp) };
  const written = (['ts', 'esm', 'cjs', 'sql'] as const).flatMap((kind) => [
    renderEmpty(named, kind),
    renderData(named, kind),
  ]);
  return written.some((text) => checksumOf(text) === checksum);
}

function twice({ name, line }: LockEntry, file: string): CheckFinding {
  return {
    severity: 'error',
    message: `${name} is in ${lockName} twice, with different checksums or positions.`,
    file,
    line,
    next: write,
  };
}

function notLocked({ name, file }: Source): CheckFinding {
  return {
    severity: 'error',
    message: `${name} is not in ${lockName}.`,
    file: fromHere(file),
    next: `${write}, and commit it`,
  };
}
