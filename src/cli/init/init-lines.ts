import type { Paint } from '../io.js';
import type { InitResult } from './init.js';

export function initLines(result: InitResult, paint: Paint): readonly string[] {
  const lines = result.written.map((file) => `${paint.green('+')} ${file}`);
  for (const { file, diff } of result.differing) {
    const kept = result.written.includes(file)
      ? `${file} has its own lines, which were kept. What init would have written instead:`
      : `${file} already exists and was left unchanged. What init would have written:`;
    lines.push(`${paint.yellow('!')} ${kept}`, ...diff.split('\n').map((line) => `    ${line}`));
  }
  if (result.written.length === 0 && result.differing.length === 0) lines.push('Nothing to do: the project is set up.');
  lines.push(...result.warnings.map((warning) => `${paint.yellow('!')} ${warning}`));
  if (result.written.length > 0)
    lines.push('', 'Next:', ...result.next.map((step, index) => `  ${index + 1}. ${step}`));
  return lines;
}
