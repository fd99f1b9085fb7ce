import type { Finding, LintResult } from '../../commands/lint/types.js';
import { inRepository } from '../in-repository.js';
import { messageWithFix } from './message-with-fix.js';
import { packageVersion } from '../../version.js';

const levels = { error: 'error', warning: 'warning', notice: 'note' } as const;

/** The format of code scanning services: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function sarifOf({ findings }: LintResult): object {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'nest-migrate', version: packageVersion, rules: rules.map((id) => ({ id })) } },
        results: findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: rules.indexOf(finding.rule),
          level: levels[finding.severity],
          message: {
            text: messageWithFix(finding),
          },
          locations: locationsOf(finding),
        })),
      },
    ],
  };
}

function locationsOf({ file, line, column }: Finding): readonly object[] {
  if (file === undefined) return [];
  const uri = inRepository(file).split('/').map(encodeURIComponent).join('/');
  return [
    {
      physicalLocation: {
        artifactLocation: { uri },
        region: { startLine: line ?? 1, ...(column !== undefined && { startColumn: column }) },
      },
    },
  ];
}
