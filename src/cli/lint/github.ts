import type { LintResult } from '../../commands/lint/contract.js';

/** Annotations of a pull request: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function githubLines({ findings }: LintResult): readonly string[] {
  return findings.map(({ severity, file, line, column, rule, message, fix }) => {
    const place = [
      ...(file === undefined ? [] : [`file=${property(file)}`]),
      ...(line === undefined ? [] : [`line=${line}`]),
      ...(column === undefined ? [] : [`col=${column}`]),
      `title=${property(rule)}`,
    ];
    return `::${severity} ${place.join(',')}::${text(fix === undefined ? message : `${message}\n\nInstead:\n${fix}`)}`;
  });
}

function text(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return text(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
