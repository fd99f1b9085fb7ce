import { basename } from 'node:path';
import type { QueryRunner } from 'typeorm';
import { MigrateError } from '../errors.js';
import { keptStatements } from './kept-down.js';
import type { LoadedMigration } from './migration.js';
import { expectedName } from './name.js';
import { downFileOf } from './sql-names.js';
import { checksumOfTexts, headOf, sqlTextOf } from './sql-text.js';
import type { SqlText } from './sql-text.js';
import { phaseOf, sqlPhaseMark } from './phase.js';
import { beginsLine, classify, splitStream, sqlTokens } from '../sql/index.js';
import type { SqlStatement } from '../sql/index.js';

interface Sections {
  readonly transaction: boolean | undefined;
  readonly up: Statements;
  readonly down: Statements | undefined;
}

/** Reads the statements from the file again on each call. */
type Statements = () => Iterable<SqlStatement>;

const sectionMark = /^--[ \t]*(?:migrate:)?(up|down)[ \t]*$/i;
const headerMark = /^--[ \t]*(\w+)[ \t]*:[ \t]*(\w+)[ \t]*$/;

/** Loads a migration from a plain SQL file: the section after `-- up`, and the section after `-- down` that undoes it. */
export async function loadSqlMigration(file: string): Promise<LoadedMigration> {
  const expected = expectedName(file);
  if (expected === undefined) throw wrongName(file);
  const texts = textsOf(file);
  const sections = sectionsOf(texts);
  const mark = sqlPhaseMark(headOf(file));
  return {
    ...expected,
    file,
    checksum: checksumOfTexts(texts.up, texts.down),
    phase: phaseOf(mark, expected.name, file),
    marksPhase: mark !== undefined,
    byHand: mark === undefined,
    steps: undefined,
    prepare: () => {
      const { transaction, up, down } = sections;
      return Promise.resolve({
        transaction,
        up: (queryRunner) => execute(queryRunner, up),
        down: down && ((queryRunner) => execute(queryRunner, down)),
        ...(down && { keptDown: () => Promise.resolve(keptStatements(down())) }),
      });
    },
  };
}

/** The checksum that shows whether a file was edited. The file need not be a valid migration any more. */
export function sqlChecksum(file: string): string {
  const { up, down } = textsOf(file);
  return checksumOfTexts(up, down);
}

/** The statements of a file, in order. */
export function sqlStatementsOf(file: string, direction: 'up' | 'down'): Iterable<SqlStatement> {
  return sectionsOf(textsOf(file))[direction]?.() ?? [];
}

function sectionsOf(texts: Texts): Sections {
  return withDownFile(parse(texts.up), texts);
}

interface Texts {
  readonly up: SqlText;
  /** The text that undoes it, if that is in a separate file. */
  readonly down: SqlText | undefined;
}

function textsOf(file: string): Texts {
  const down = downFileOf(file);
  return { up: sqlTextOf(file), down: down === undefined ? undefined : sqlTextOf(down) };
}

function withDownFile(sections: Sections & { readonly text: SqlText }, { down: own }: Texts): Sections {
  if (own === undefined) return sections;
  const { file } = sections.text;
  if (sections.down !== undefined)
    throw invalid(file, `it has a \`-- down\` line, and ${own.file} exists as well`, 'Keep one of the two.');
  const judge = new Judge(own.file);
  for (const piece of splitStream(own.pieces(), () => false)) {
    if ('sql' in piece) judge.look(piece);
    else if (isMark(piece.comment) || headerOf(piece.comment) !== undefined)
      throw invalid(
        own.file,
        `\`${piece.comment}\` belongs in ${file}, whose changes it undoes`,
        'Move that line there.',
      );
  }
  judge.refuseTransactions(sections.transaction !== false);
  return { ...sections, down: () => statementsIn(own, 'up') };
}

/** A file without sections, such as a seed. It is read once to find errors before anything is executed. */
export function sqlScript(file: string): { run(queryRunner: QueryRunner): Promise<void> } {
  const text = sqlTextOf(file);
  const judge = new Judge(file, 'seed');
  for (const piece of splitStream(text.pieces(), () => false)) if ('sql' in piece) judge.look(piece);
  judge.refuseTransactions(true);
  return { run: (queryRunner) => execute(queryRunner, () => statementsIn(text, 'up')) };
}

async function execute(queryRunner: QueryRunner, statements: Statements): Promise<void> {
  for (const { sql, line } of statements()) {
    try {
      await queryRunner.query(sql);
    } catch (error) {
      // The line makes it possible to report the error with its position in the file.
      if (typeof error === 'object' && error !== null) Object.assign(error, { line });
      throw error;
    }
  }
}

/** Reads the whole text once, so that errors are reported before anything is executed. */
function parse(text: SqlText): Sections & { readonly text: SqlText } {
  const { file } = text;
  const judge = new Judge(file);
  const header: string[] = [];
  const counts = new Map<string, number>();
  let section: string | undefined;
  for (const piece of splitStream(text.pieces(), isMark)) {
    if ('sql' in piece) {
      judge.look(piece);
      const of = section ?? 'none';
      counts.set(of, (counts.get(of) ?? 0) + 1);
    } else if (isMark(piece.comment)) {
      section = sectionOf(piece.comment);
      if (counts.has(section)) throw invalid(file, `it has more than one \`-- ${section}\` line`, 'Keep one.');
      if (counts.has('none'))
        throw invalid(file, 'there is SQL before its first `-- up` or `-- down` line', 'Move it below that line.');
      counts.set(section, 0);
    } else if (section === undefined && headerOf(piece.comment) !== undefined) header.push(piece.comment);
  }
  const transaction = setting(header, 'transaction', ['true', 'false'], file);
  const phase = setting(header, 'phase', ['expand', 'contract'], file);
  const up = counts.get(section === undefined ? 'none' : 'up');
  // A generated file may have nothing to do in one direction, and marks that; in any other file it is a mistake.
  if (up === undefined || (up === 0 && phase === undefined))
    throw invalid(file, 'it has no SQL to run', 'Write the SQL below a line `-- up`.');
  judge.refuseTransactions(transaction !== 'false');
  return {
    text,
    transaction: transaction === undefined ? undefined : transaction === 'true',
    up: () => statementsIn(text, 'up'),
    down: counts.has('down') ? () => statementsIn(text, 'down') : undefined,
  };
}

/** Without any section, the whole text is `up`. */
function* statementsIn(text: SqlText, wanted: 'up' | 'down'): Generator<SqlStatement> {
  let section = 'up';
  for (const piece of splitStream(text.pieces(), isMark)) {
    if (!('sql' in piece)) section = isMark(piece.comment) ? sectionOf(piece.comment) : section;
    else if (section === wanted) yield piece;
  }
}

function isMark(comment: string): boolean {
  return sectionMark.test(comment);
}

function sectionOf(comment: string): string {
  return sectionMark.exec(comment)?.[1]?.toLowerCase() ?? '';
}

/** The same SQL with none of its own comments mistaken for a mark: a form feed is white space, and no mark begins with one. */
export function withoutMarks(sql: string): string {
  const marks = [...sqlTokens(sql)].filter(
    ({ text, index }) => (isMark(text) || headerOf(text) !== undefined) && beginsLine(sql, index),
  );
  return marks.reduceRight((text, { index }) => `${text.slice(0, index)}\f${text.slice(index)}`, sql);
}

/** The name and value of a header line: `-- phase: contract`. */
function headerOf(comment: string): { readonly name: string; readonly value: string } | undefined {
  const [, name = '', value = ''] = headerMark.exec(comment.toLowerCase()) ?? [];
  return ['phase', 'transaction'].some((known) => known === name) ? { name, value } : undefined;
}

function setting<Value extends string>(
  header: readonly string[],
  name: 'transaction' | 'phase',
  values: readonly [Value, Value],
  file: string,
): Value | undefined {
  const given = header.map(headerOf).find((one) => one?.name === name)?.value;
  const known = values.find((value) => value === given);
  if (known !== undefined || given === undefined) return known;
  throw invalid(
    file,
    `"-- ${name}: ${given}" must say ${values.join(' or ')}`,
    `Write \`-- ${name}: ${values[1]}\`, or remove the line.`,
  );
}

/** Checks the statements of a file for what cannot run. */
class Judge {
  private ofTransaction: { readonly line: number; readonly command: string } | undefined;

  constructor(
    private readonly file: string,
    private readonly kind: 'migration' | 'seed' = 'migration',
  ) {}

  /** psql commands are refused at once: the rows after COPY are not SQL, but would be read as SQL. */
  look({ sql, line }: SqlStatement): void {
    const [statement] = classify(sql);
    if (statement === undefined) return;
    const { command, opens, closes } = statement;
    if (command.startsWith('\\'))
      throw invalid(
        this.file,
        `line ${line} is a command of psql: ${statement.text.split('\n')[0]}`,
        'Remove that line. The data source defines the connection, and the statements of another file must be copied into this one.',
      );
    if (command === 'COPY FROM STDIN')
      throw invalid(
        this.file,
        `COPY … FROM STDIN (line ${line}) needs psql, which sends the rows after it`,
        'Write INSERT statements, as pg_dump --rows-per-insert=1000 does.',
      );
    if (opens || closes) this.ofTransaction ??= { line, command };
  }

  refuseTransactions(transactional: boolean): void {
    if (!transactional || this.ofTransaction === undefined) return;
    const { line, command } = this.ofTransaction;
    throw invalid(
      this.file,
      `line ${line} says ${command}, but the file already runs in a transaction`,
      this.kind === 'seed'
        ? 'Remove it.'
        : 'Remove it; or, to control transactions yourself, put `-- transaction: false` at the top of the file.',
    );
  }
}

function wrongName(file: string): MigrateError {
  if (basename(file).startsWith('R__'))
    return invalid(
      file,
      'Flyway runs a file R__… again whenever it has changed, which is not supported here',
      'Put its current contents into a new migration: nest-migrate create <Name> --sql',
    );
  return invalid(
    file,
    'its name does not determine its place in the order',
    'Prefix it with a timestamp, a date, a number or a version: 1700000000000-AddUsers.sql, 20230915120000_add_users.sql, 0001_add_users.sql, V1__add_users.sql. If it is not a migration, move it elsewhere, or narrow the `migrations` pattern.',
  );
}

function invalid(file: string, what: string, next: string): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `${file} is not a valid SQL migration: ${what}. The database was not touched.`,
    next,
  });
}
