import { MigrateError } from '../errors.js';
import { timestampOf } from './name.js';
import { withoutMarks } from './sql-file.js';
import type { Template } from './template.js';
import { classify, layOut, splitSql, sqlTokens } from '../sql/index.js';

export interface RenderedStatement {
  readonly sql: string;
  /** One plain sentence, rendered as a comment above the statement. */
  readonly comment?: string;
}

export interface MigrationText {
  /** The class name, timestamp included: `AddEmailToUsers1760000000000`. */
  readonly name: string;
  readonly phase: 'expand' | 'contract';
  readonly transaction: boolean;
  readonly up: readonly RenderedStatement[];
  readonly down: readonly RenderedStatement[];
  /** One or two sentences above the class that say what it does. */
  readonly summary?: string;
  /** The number of migrations in its change; only the last one of several states it. */
  readonly steps?: number;
  /** Whether no entity describes what it creates, so that `generate` leaves it alone. */
  readonly byHand?: boolean;
}

const width = 120;
const nothing = 'Nothing to do.';

/**
 * The text of a file with the migrations of a change, or with a single migration, which is all that an SQL file can hold. The same
 * migrations always give the same bytes.
 */
export function renderFile(migrations: readonly MigrationText[], template: Template): string {
  migrations.forEach(check);
  if (template === 'sql') return migrations.map(sqlFile).join('\n');
  const hasStatements = migrations.some(({ up, down }) => up.length + down.length > 0);
  const used = hasStatements ? 'MigrationInterface, QueryRunner' : 'MigrationInterface';
  const head = template === 'ts' ? `import type { ${used} } from 'typeorm';\n\n` : '';
  return head + migrations.map((migration) => classText(migration, template)).join('\n');
}

function classText(migration: MigrationText, template: 'ts' | 'esm' | 'cjs'): string {
  const { name, phase, up, down, steps } = migration;
  const typed = template === 'ts';
  const asConst = typed ? ' as const' : '';
  const body = [
    `  name = '${name}';`,
    `  static ${typed ? 'readonly ' : ''}phase = '${phase}'${asConst};`,
    ...(migration.byHand === true
      ? [
          '  // No entity describes what this creates, so generate leaves it alone.',
          `  static ${typed ? 'readonly ' : ''}byHand = true;`,
        ]
      : []),
    ...(steps === undefined ? [] : [`  static ${typed ? 'readonly ' : ''}steps = ${steps};`]),
    ...(migration.transaction
      ? []
      : ['', ...comment(whyAlone(migration), '  // '), `  transaction = false${asConst};`]),
    '',
    ...method('up', up, typed),
    '',
    ...method('down', down, typed),
  ];
  return [
    ...docComment(migration.summary),
    classHead(name, template),
    ...body,
    `}${template === 'cjs' ? ';' : ''}`,
    '',
  ].join('\n');
}

function classHead(name: string, template: 'ts' | 'esm' | 'cjs'): string {
  if (template === 'cjs') return `module.exports.${name} = class ${name} {`;
  return `export class ${name} ${template === 'ts' ? 'implements MigrationInterface ' : ''}{`;
}

function method(direction: 'up' | 'down', statements: readonly RenderedStatement[], typed: boolean): readonly string[] {
  // An unused parameter would not compile with noUnusedParameters.
  const runner = statements.length === 0 ? '' : `queryRunner${typed ? ': QueryRunner' : ''}`;
  return [
    typed ? `  public async ${direction}(${runner}): Promise<void> {` : `  async ${direction}(${runner}) {`,
    ...(statements.length === 0 ? [`    // ${nothing}`] : statements.flatMap(query)),
    '  }',
  ];
}

function query({ sql, comment: text }: RenderedStatement): readonly string[] {
  return [...comment(text, '    // '), ...splitSql(sql).map((statement) => call(layOut(statement.sql)))];
}

function call(statement: readonly string[]): string {
  const lines = statement.map(inTemplateLiteral);
  const short = `    await queryRunner.query(\`${lines.join('\n')}\`);`;
  if (!short.includes('\n') && widthOf(short) <= width) return short;
  return `    await queryRunner.query(\`\n      ${lines.join('\n      ')}\n    \`);`;
}

/** Escapes what would end a template literal, invisible characters, and characters that an editor would change. */
function inTemplateLiteral(text: string): string {
  return text
    .replace(/[\\`]|\$(?=\{)/g, '\\$&')
    .replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16);
      return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
    });
}

function sqlFile(migration: MigrationText): string {
  const { phase, transaction, summary, up, down } = migration;
  return [
    ...sqlComment(summary),
    // Without a phase, it would count as written by hand.
    ...(migration.byHand === true
      ? ['-- No entity describes what this creates, so generate leaves it alone.']
      : [`-- phase: ${phase}`]),
    ...(transaction ? [] : [...sqlComment(whyAlone(migration)), '-- transaction: false']),
    '',
    ...section('up', up),
    ...section('down', down),
  ].join('\n');
}

function section(direction: 'up' | 'down', statements: readonly RenderedStatement[]): readonly string[] {
  const lines = statements.length === 0 ? [`-- ${nothing}`, ''] : statements.flatMap(sqlStatement);
  return [`-- ${direction}`, '', ...lines];
}

function sqlStatement({ sql, comment: text }: RenderedStatement): readonly string[] {
  const statements = splitSql(sql).map((statement) => {
    const text = withoutMarks(layOut(statement.sql).join('\n'));
    // A `--` comment runs to the end of its line, so the semicolon needs a new line.
    return text + ([...sqlTokens(text)].at(-1)?.text.startsWith('--') ? '\n;' : ';');
  });
  return [...sqlComment(text), ...statements, ''];
}

function sqlComment(text: string | undefined): readonly string[] {
  return comment(text, '-- ').map(withoutMarks);
}

function docComment(text: string | undefined): readonly string[] {
  const lines = comment(text?.replaceAll('*/', '* /'), ' * ');
  const short = `/** ${lines[0]?.slice(3)} */`;
  if (lines.length === 0) return [];
  return lines.length === 1 && short.length <= width ? [short] : ['/**', ...lines, ' */'];
}

/** Sentences as comment lines. Nothing in the text can end the comment or be read as a compiler directive. */
function comment(text: string | undefined, prefix: string): readonly string[] {
  const words = (text ?? '')
    .replace(/[\s\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ')
    .replace(/@(?=ts-)/gi, '@ ')
    .trim()
    .split(' ');
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else if (word !== '') lines.push(prefix + word);
  }
  return lines;
}

function whyAlone({ up, down }: MigrationText): string {
  const isConcurrent = ({ sql }: RenderedStatement): boolean => classify(sql).some(({ concurrently }) => concurrently);
  return [...up, ...down].some(isConcurrent)
    ? 'Builds or drops an index concurrently: the app can keep writing, but this cannot run in a transaction.'
    : 'Each statement is committed separately, not all of them in one transaction.';
}

/** The width of a line in columns: some characters take two. */
function widthOf(text: string): number {
  return text.replace(/[^ -~]/g, '--').length;
}

function check({ name, up, down }: MigrationText): void {
  if (!/^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) || timestampOf(name) === undefined)
    throw unwritable(`${JSON.stringify(name)} is not a class name with a 13-digit timestamp`);
  for (const { sql } of [...up, ...down]) {
    if (splitSql(sql).length === 0) throw unwritable(`there is no SQL in ${JSON.stringify(sql)}`);
    // An unterminated string, comment or parenthesis would swallow what follows it in a file.
    if (splitSql(`${sql}\n;end`).at(-1)?.sql !== 'end') throw unwritable(`this statement is not terminated: ${sql}`);
  }
}

function unwritable(what: string): MigrateError {
  return new MigrateError({
    code: 'INTERNAL',
    message: `The migration cannot be written to a file: ${what}. Nothing was written.`,
    next: 'Please report it, together with this message.',
  });
}
