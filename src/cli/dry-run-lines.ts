import type { DryRunStatement } from '../errors.js';
import { sqlTokens } from '../sql/index.js';

/** The statements of a dry run as a script that can be read and run. `failure` is the reason why it stopped. */
export function dryRunLines(statements: readonly DryRunStatement[], failure?: string): readonly string[] {
  const lines: string[] = [
    '-- Dry run: each statement was executed on the server and rolled back, unless it is marked "not executed".',
  ];
  let migration = '';
  for (const statement of statements) {
    if (statement.migration !== migration) lines.push('', `-- ${(migration = statement.migration)}`);
    if (!statement.executed) lines.push(...comment(`not executed: ${statement.note ?? 'only recorded'}`));
    else if (statement.note !== undefined) lines.push(...comment(`executed ${statement.note}`));
    lines.push(terminated(statement.sql.trim()));
    if (statement.parameters) lines.push(...comment(`with ${JSON.stringify(statement.parameters)}`));
  }
  if (failure !== undefined) return [...lines, '', ...comment(`Stopped here: ${failure}`)];
  return statements.length === 0 ? ['-- Nothing to do.'] : lines;
}

/** Adds one semicolon, which a comment at the end must not swallow. */
function terminated(sql: string): string {
  if (sql.endsWith(';')) return sql;
  return [...sqlTokens(sql)].at(-1)?.text.startsWith('--') ? `${sql}\n;` : `${sql};`;
}

function comment(text: string): readonly string[] {
  return text.split('\n').map((line) => `-- ${line}`);
}
