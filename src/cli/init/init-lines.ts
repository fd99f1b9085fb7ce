import type { Paint } from '../io.js';
import type { InitResult } from './init.js';

export function initLines(result: InitResult, mode: 'real' | 'dry', paint: Paint): readonly string[] {
  const lines = mode === 'dry' ? ['Nothing was written. Without --dry-run, init would write or add lines to:'] : [];
  lines.push(...result.written.map((file) => `${paint.green('+')} ${file}`));
  const warnings = result.warnings.map((warning) => `${paint.yellow('!')} ${warning}`);
  for (const { file, diff } of result.differing) {
    const kept = result.written.includes(file)
      ? `${file} has its own lines, which were kept. What init would have written instead:`
      : `${file} already exists and was left unchanged. What init would have written:`;
    lines.push(`${paint.yellow('!')} ${kept}`, ...diff.split('\n').map((line) => `    ${line}`));
  }
  if (result.written.length === 0 && result.differing.length === 0)
    return ['Nothing to do: the project is set up.', ...warnings];
  lines.push(...warnings);
  if (mode === 'real' && result.written.length > 0)
    lines.push('', 'Next:', ...result.next.map((step, index) => `  ${index + 1}. ${step}`));
  return lines;
}
