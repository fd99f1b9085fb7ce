import { classify } from '../sql/index.js';
import type { PlannedFile } from './arrange.js';

/** The line above a class that tells what its migration does and when it runs. */
export function headingOf(migration: PlannedFile, index: number, count: number): string {
  const { phase, transaction } = migration;
  const how = transaction ? 'in one transaction' : 'statement by statement, without a transaction';
  const when =
    phase === 'expand' ? `Runs with the deploy, ${how}.` : `Runs ${how}, once the old version of the app is gone.`;
  return `Step ${index + 1} of ${count}${phase === 'contract' ? ', contract' : ''}: ${whatOf(migration)}. ${when}`;
}

function whatOf({ phase, transaction, steps, apart }: PlannedFile): string {
  if (apart === 'by hand') return 'creates objects that no entity describes';
  const does = (...words: readonly string[]): boolean =>
    steps.some(({ sql }) => classify(sql).some((statement) => statement.mentions(...words)));
  const runs = (command: string): boolean =>
    steps.some(({ sql }) => classify(sql).some((statement) => statement.command === command));
  const isFilled = runs('DO') || runs('UPDATE');
  const found = [
    ...(runs('CREATE EXTENSION') ? ['creates extensions'] : []),
    ...(runs('CREATE TABLE') ? ['creates tables'] : []),
    ...(phase === 'expand' && does('ADD', 'COLUMN') ? ['adds columns'] : []),
    ...(does('ADD', 'VALUE') ? ['adds values to an enum'] : []),
    ...(!transaction && isFilled ? ['fills rows in batches'] : []),
    ...(does('INDEX', 'CONCURRENTLY') ? ['builds or drops indexes without blocking writes'] : []),
    ...(does('NOT', 'VALID') ? ['adds constraints for new rows'] : []),
    ...(does('VALIDATE', 'CONSTRAINT') ? ['validates constraints'] : []),
    ...(does('USING', 'INDEX') ? ['turns indexes into constraints'] : []),
    ...(phase === 'expand' && does('RENAME') ? ['swaps names'] : []),
    ...(phase === 'contract' && (runs('DROP TABLE') || does('DROP', 'COLUMN') || runs('DROP TRIGGER'))
      ? ['drops objects that only the old version uses']
      : []),
  ];
  if (found.length === 0)
    return phase === 'contract' ? 'requires values that only the new version writes' : 'changes the schema';
  return found.length > 2 ? `${found.slice(0, 2).join(', ')} and more` : found.join(' and ');
}
