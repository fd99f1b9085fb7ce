import type { LintResult } from '../../commands/lint/types.js';
import { annotation } from '../annotation.js';

export function githubLines({ findings }: LintResult): readonly string[] {
  return findings.map(({ severity, file, line, column, rule, message, fix }) =>
    annotation(
      severity,
      { file, line, col: column, title: rule },
      fix === undefined ? message : `${message}\n\nInstead:\n${fix}`,
    ),
  );
}
