import type { LintResult } from '../../commands/lint/types.js';
import { messageWithFix } from './message-with-fix.js';
import { annotation } from '../annotation.js';

export function githubLines({ findings }: LintResult): readonly string[] {
  return findings.map((finding) => {
    const { severity, file, line, column, rule } = finding;
    return annotation(severity, { file, line, col: column, title: rule }, messageWithFix(finding));
  });
}
