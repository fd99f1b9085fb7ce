import { columnPath } from '../../schema/object-id.js';
import { renameCandidates } from '../../plan/renames.js';
import { hasCast, tryTypeChanges } from '../../plan/try-types.js';
import { compareSchemas } from '../../schema/compare.js';
import { decide, decisionNeeded, questionsOf } from './decide.js';
import type { Question } from './decide.js';
import type { Wanted } from './decide-renames.js';
import type { SchemaOnShadow } from '../../snapshot/schema-on-shadow.js';

/**
 * Without a terminal, open questions about renames end the command before anything else is compared. The other open questions are added
 * here, as if nothing was renamed. A column that may have been renamed is left out, because it would keep its values.
 */
export async function withOtherQuestions(
  error: unknown,
  { schema: to, byHand }: Wanted,
  asked: Pick<Question, 'options' | 'given' | 'history'>,
  { schema: from, client }: SchemaOnShadow,
): Promise<unknown> {
  const open = questionsOf(error);
  if (open === undefined) return error;
  const tryType = await tryTypeChanges(client, from, to);
  const tried = { tryType, hasCast: (before: string, after: string) => hasCast(client, before, after) };
  const question = { ...asked, options: { ...asked.options, ask: undefined }, from, to, renames: [], ...tried };
  const others = await decide(await compareSchemas(from, to), question).then(() => undefined, questionsOf);
  const renamed = new Set(renameCandidates(from, to, byHand).map((candidate) => columnPath(candidate.to)));
  return decisionNeeded([...open, ...(others ?? []).filter(({ about = '' }) => !renamed.has(about))]);
}
