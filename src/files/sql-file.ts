import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { QueryRunner } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import type { LoadedMigration } from './migration.js';
import { expectedName } from './name.js';
import { downFileOf } from './sql-names.js';
import { phaseOf, sqlPhaseMark } from './phase.js';
import { classify, splitSql, sqlTokens } from '../sql/index.js';
import type { SqlStatement } from '../sql/index.js';

interface Sections {
  readonly transaction: boolean | undefined;
  /** What a generated file says of itself; undefined when it says nothing. */
  readonly phase: 'expand' | 'contract' | undefined;
  readonly up: readonly SqlStatement[];
  readonly down: readonly SqlStatement[] | undefined;
}

/** A comment that begins its line. Text in a string, or in another comment, is none. */
interface CommentLine {
  readonly text: string;
  readonly index: number;
}

const sectionMark = /^--[ \t]*(?:migrate:)?(up|down)[ \t]*$/i;
const headerMark = /^--[ \t]*(\w+)[ \t]*:[ \t]*(\w+)[ \t]*$/;

/** A migration from a file of plain SQL: what follows `-- up`, and what follows `-- down` to undo it. */
export async function loadSqlMigration(file: string): Promise<LoadedMigration> {
  const expected = expectedName(file);
  if (expected === undefined) throw wrongName(file);
  const texts = textsOf(file);
  const sections = withDownFile(parse(texts.up, file), texts, file);
  return {
    ...expected,
    file,
    checksum: checksumOf(texts),
    phase: phaseOf(sqlPhaseMark(texts.up), expected.name, file),
    marksPhase: sqlPhaseMark(texts.up) !== undefined,
    steps: undefined,
    prepare: () =>
      Promise.resolve({
        transaction: sections.transaction,
        up: (queryRunner) => execute(queryRunner, sections.up),
        down: sections.down && ((queryRunner) => execute(queryRunner, sections.down ?? [])),
      }),
  };
}

/** What tells whether a file was edited, of one that need not be a migration any more. */
export function sqlChecksum(file: string): string {
  return checksumOf(textsOf(file));
}

interface Texts {
  readonly up: string;
  /** How to undo it, where that is in a file of its own. */
  readonly down: { readonly text: string; readonly file: string } | undefined;
}

function textsOf(file: string): Texts {
  const down = downFileOf(file);
  return { up: read(file), down: down === undefined ? undefined : { text: read(down), file: down } };
}

/** The ends of lines and what is blank at them do not count. */
function checksumOf({ up, down }: Texts): string {
  const counts = (down === undefined ? up : `${up}\n-- down\n${down.text}`)
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trimEnd();
  return createHash('sha256').update(counts).digest('hex');
}

function read(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    // Where every line ends as in Windows, an editor or git did that; elsewhere it is part of a string.
    return /(?<!\r)\n/.test(text) ? text : text.replaceAll('\r\n', '\n');
  } catch (error) {
    throw new MigrateError({
      code: 'FILE_LOAD_FAILED',
      message: `${file} could not be read: ${messageOf(error)}.`,
      next: 'Make it readable for this user. The database was not touched.',
      cause: error,
    });
  }
}

function withDownFile(sections: Sections, { down: own }: Texts, file: string): Sections {
  if (own === undefined) return sections;
  const { text, file: path } = own;
  if (sections.down !== undefined)
    throw invalid(file, `it has a \`-- down\` line, and there is ${path} as well`, 'Keep one of the two.');
  const mark = commentLines(text).find((one) => sectionMark.test(one.text) || headerOf(one.text) !== undefined);
  if (mark !== undefined)
    throw invalid(path, `\`${mark.text}\` belongs into ${file}, whose changes it undoes`, 'Move that line there.');
  const down = splitSql(text);
  refuseUnsupported(down, sections.transaction !== false, path);
  return { ...sections, down };
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
  const comments = commentLines(text);
  const marks = comments.flatMap((comment) => {
    const kind = sectionMark.exec(comment.text)?.[1]?.toLowerCase();
    return kind === undefined ? [] : [{ kind, index: comment.index, end: comment.index + comment.text.length }];
  });
  for (const kind of ['up', 'down']) {
    if (marks.filter((mark) => mark.kind === kind).length > 1)
      throw invalid(file, `it has more than one \`-- ${kind}\` line`, 'Keep one.');
  }
  const head = marks[0]?.index ?? text.length;
  if (marks.length > 0 && splitSql(text.slice(0, head)).length > 0)
    throw invalid(file, 'there is SQL before its first `-- up` or `-- down` line', 'Move it below that line.');
  const section = (kind: 'up' | 'down'): readonly SqlStatement[] | undefined => {
    const index = marks.findIndex((mark) => mark.kind === kind);
    const mark = marks[index];
    if (mark === undefined) return undefined;
    // What comes before is blanked, not cut, so that lines are those of the file.
    return splitSql(text.slice(0, mark.end).replace(/[^\n]/g, ' ') + text.slice(mark.end, marks[index + 1]?.index));
  };
  const header = comments.filter(({ index }) => index < head);
  const transaction = setting(header, 'transaction', ['true', 'false'], file);
  const phase = setting(header, 'phase', ['expand', 'contract'], file);
  const up = marks.length === 0 ? splitSql(text) : section('up');
  // A generated file may have nothing to do in one direction, and says so; elsewhere it is a mistake.
  if (up === undefined || (up.length === 0 && (marks.length === 0 || phase === undefined)))
    throw invalid(file, 'it has no SQL to run', 'Write the SQL below a line `-- up`.');
  const down = section('down');
  refuseUnsupported([...up, ...(down ?? [])], transaction !== 'false', file);
  return { transaction: transaction === undefined ? undefined : transaction === 'true', phase, up, down };
}

function commentLines(text: string): readonly CommentLine[] {
  return [...sqlTokens(text)].filter((token) => token.text.startsWith('--') && beginsLine(text, token.index));
}

/** The same SQL, none of whose own comments is taken for a mark: a form feed is white space that no mark begins with. */
export function withoutMarks(sql: string): string {
  const marks = commentLines(sql).filter(({ text }) => sectionMark.test(text) || headerOf(text) !== undefined);
  return marks.reduceRight((text, { index }) => `${text.slice(0, index)}\f${text.slice(index)}`, sql);
}

function beginsLine(text: string, index: number): boolean {
  let before = index - 1;
  while (text[before] === ' ' || text[before] === '\t') before -= 1;
  return before < 0 || text[before] === '\n' || text[before] === '\r';
}

/** A line at the top that says something of the file: `-- phase: contract`. */
function headerOf(comment: string): { readonly name: string; readonly value: string } | undefined {
  const [, name = '', value = ''] = headerMark.exec(comment.toLowerCase()) ?? [];
  return ['phase', 'transaction'].some((known) => known === name) ? { name, value } : undefined;
}

function setting<Value extends string>(
  header: readonly CommentLine[],
  name: 'transaction' | 'phase',
  values: readonly [Value, Value],
  file: string,
): Value | undefined {
  const given = header.map(({ text }) => headerOf(text)).find((one) => one?.name === name)?.value;
  const known = values.find((value) => value === given);
  if (known !== undefined || given === undefined) return known;
  throw invalid(
    file,
    `"-- ${name}: ${given}" must say ${values.join(' or ')}`,
    `Write \`-- ${name}: ${values[1]}\`, or remove the line.`,
  );
}

function refuseUnsupported(statements: readonly SqlStatement[], transactional: boolean, file: string): void {
  for (const { sql, line } of statements) {
    const [statement] = classify(sql);
    if (statement?.command.startsWith('\\'))
      throw invalid(
        file,
        `line ${line} is a command of psql: ${statement.text.split('\n')[0]}`,
        'Only SQL is possible here.',
      );
    if (statement?.command === 'COPY FROM STDIN')
      throw invalid(file, `COPY … FROM STDIN (line ${line}) needs psql`, 'Write INSERT statements.');
    if (transactional && (statement?.opens || statement?.closes)) {
      throw invalid(
        file,
        `line ${line} says ${statement.command}, but the file runs in a transaction already`,
        'Remove it; or, to control transactions yourself, put `-- transaction: false` at the top of the file.',
      );
    }
  }
}

function wrongName(file: string): MigrateError {
  if (basename(file).startsWith('R__'))
    return invalid(
      file,
      'a file R__… runs again whenever it was changed, in Flyway, and that is not supported here',
      'Write what it should be from now on into a new migration: nest-migrate create <Name> --sql',
    );
  return invalid(
    file,
    'its name does not say when it comes in the order',
    'Put a timestamp, a date, a number or a version before it: 1700000000000-AddUsers.sql, 20230915120000_add_users.sql, 0001_add_users.sql, V1__add_users.sql. Where it is none, move it elsewhere, or narrow the `migrations` pattern.',
  );
}

function invalid(file: string, what: string, next: string): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `${file} is no SQL migration: ${what}. The database was not touched.`,
    next,
  });
}
