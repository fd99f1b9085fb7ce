import { InvalidArgumentError } from 'commander';

/** An option that can be given several times. */
export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

export function count(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Must be a positive integer.');
}

/** A newer server than the known ones is treated as the newest of them. */
export function majorVersion(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 14 && Number(text) < 100) return Number(text);
  throw new InvalidArgumentError('Must be a major version of PostgreSQL, 14 or later, such as 16.');
}

export function countFromZero(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Must be zero or a positive integer.');
}

export const checkSteps = ['files', 'branches', 'replay', 'entities', 'lint'];

export function steps(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => checkSteps.includes(name))) return names;
  throw new InvalidArgumentError(
    `The steps are ${checkSteps.join(', ')}. The flags --database and --with-rows add the others.`,
  );
}
