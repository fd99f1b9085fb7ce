import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { QueryRunner } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import type { LoadedMigration } from './migration.js';
import { expectedName } from './name.js';
import { phaseOf, sqlPhaseMark } from './phase.js';
import { splitSql } from './split-sql.js';
import type { SqlStatement } from './split-sql.js';

interface Sections {
  readonly transaction: boolean | undefined;
  readonly up: readonly SqlStatement[];
  readonly down: readonly SqlStatement[] | undefined;
}

const marker = /^[ \t]*--[ \t]*(?:migrate:)?(up|down)[ \t]*$/gim;
const transactionMark = /^[ \t]*--[ \t]*transaction[ \t]*:[ \t]*(\w+)[ \t]*$/im;

/** A migration from a file of plain SQL: what follows `-- up`, and what follows `-- down` to undo it. */
export async function loadSqlMigration(file: string): Promise<LoadedMigration> {
  const expected = expectedName(file);
  if (expected === undefined)
    throw invalid(
      file,
      'its name must be <13-digit timestamp>-<Name>.sql',
      'Rename it, for example: 1700000000000-AddUsers.sql',
    );
  const text = await read(file);
  const sections = parse(text, file);
  return {
    ...expected,
    file,
    checksum: createHash('sha256')
      .update(text.replace(/[ \t]+$/gm, '').trimEnd())
      .digest('hex'),
    phase: phaseOf(sqlPhaseMark(text), expected.name, file),
    prepare: () =>
      Promise.resolve({
        transaction: sections.transaction,
        up: (queryRunner) => execute(queryRunner, sections.up),
        down: sections.down && ((queryRunner) => execute(queryRunner, sections.down ?? [])),
      }),
  };
}

async function read(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  } catch (error) {
    throw new MigrateError({
      code: 'FILE_LOAD_FAILED',
      message: `${file} could not be read: ${messageOf(error)}.`,
      next: 'Make it readable for this user. The database was not touched.',
      cause: error,
    });
  }
}

async function execute(queryRunner: QueryRunner, statements: readonly SqlStatement[]): Promise<void> {
  for (const { sql, line } of statements) {
    try {
      await queryRunner.query(sql);
    } catch (error) {
      // Whoever reports the error can say on which line of the file it was.
      if (typeof error === 'object' && error !== null) Object.assign(error, { line });
      throw error;
    }
  }
}

function parse(text: string, file: string): Sections {
  const marks = [...text.matchAll(marker)];
  for (const kind of ['up', 'down']) {
    if (marks.filter((mark) => mark[1]?.toLowerCase() === kind).length > 1)
      throw invalid(file, `it has more than one \`-- ${kind}\` line`, 'Keep one.');
  }
  const head = text.slice(0, marks[0]?.index ?? 0);
  if (splitSql(head).length > 0)
    throw invalid(file, 'there is SQL before its first `-- up` or `-- down` line', 'Move it below that line.');
  const section = (kind: 'up' | 'down'): readonly SqlStatement[] | undefined => {
    const index = marks.findIndex((mark) => mark[1]?.toLowerCase() === kind);
    const mark = marks[index];
    if (mark === undefined) return undefined;
    const end = marks[index + 1]?.index ?? text.length;
    const begin = mark.index + mark[0].length;
    // What comes before is blanked, not cut, so that lines are those of the file.
    return splitSql(text.slice(0, begin).replace(/[^\n]/g, ' ') + text.slice(begin, end));
  };
  const up = marks.length === 0 ? splitSql(text) : section('up');
  if (up === undefined || up.length === 0)
    throw invalid(file, 'it has no SQL to run', 'Write the SQL below a line `-- up`.');
  const down = section('down');
  const transaction = transactionOf(text, marks[0]?.index ?? text.length, file);
  refuseUnsupported([...up, ...(down ?? [])], transaction !== false, file);
  return { transaction, up, down };
}

function transactionOf(text: string, end: number, file: string): boolean | undefined {
  const given = transactionMark.exec(text.slice(0, end))?.[1]?.toLowerCase();
  if (given === undefined || given === 'true' || given === 'false')
    return given === undefined ? undefined : given === 'true';
  throw invalid(
    file,
    `"-- transaction: ${given}" must say true or false`,
    'Write `-- transaction: false`, or remove the line.',
  );
}

function refuseUnsupported(statements: readonly SqlStatement[], transactional: boolean, file: string): void {
  for (const { sql, line } of statements) {
    const bare = sql.replace(/^(?:\s+|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, '');
    if (bare.startsWith('\\'))
      throw invalid(file, `line ${line} is a command of psql: ${bare.split('\n')[0]}`, 'Only SQL is possible here.');
    if (/^COPY\b[\s\S]*\bFROM\s+STDIN\b/i.test(bare))
      throw invalid(file, `COPY … FROM STDIN (line ${line}) needs psql`, 'Write INSERT statements.');
    if (transactional && /^(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK(?!\s+TO)|ABORT)\b/i.test(bare)) {
      throw invalid(
        file,
        `line ${line} says ${bare.split(/\s/)[0]?.toUpperCase()}, but the file runs in a transaction already`,
        'Remove it; or, to control transactions yourself, put `-- transaction: false` at the top of the file.',
      );
    }
  }
}

function invalid(file: string, what: string, next: string): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `${file} is no SQL migration: ${what}. The database was not touched.`,
    next,
  });
}
