import type { Rename } from '../../plan/renames.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { OpenQuestion } from './decide.js';
import { pathOf } from './path-of.js';
import type { Ask } from './types.js';

/** What the user says about an object that could have been renamed; undefined if it was not renamed. */
export async function chosenOf(
  old: string,
  choices: readonly Rename[],
  ask: Ask,
  byHand: ReadonlySet<string>,
): Promise<Rename | undefined> {
  const isByHand = choices.some(({ from }) => byHand.has(keyOf(from)));
  const answer = await ask.choose(
    `${old} ${isByHand ? 'was created by hand, and ' : ''}is no longer in the entities. What happened to it?`,
    [
      ...choices.map(({ to }) => ({ title: `it was renamed to ${pathOf(to)}: its data is kept`, value: keyOf(to) })),
      isByHand
        ? { title: 'it was not renamed: it stays as it is (--drop removes it)', value: '' }
        : { title: 'it was removed: it is dropped with its data', value: '' },
    ],
  );
  return choices.find(({ to }) => keyOf(to) === answer);
}

/** The same question, with a flag for each answer. */
export function questionOf(old: ObjectId, choices: readonly Rename[], byHand: ReadonlySet<string>): OpenQuestion {
  const path = pathOf(old);
  const isByHand = byHand.has(keyOf(old));
  const where = isByHand ? 'was created by hand and is not in the entities' : 'is no longer in the entities';
  const isOrAre = choices.length === 1 ? 'is' : 'are';
  return {
    message: `${path} ${where}, and ${choices.map(({ to }) => pathOf(to)).join(', ')} ${isOrAre} new: was it renamed?`,
    flags: [
      ...choices.map(
        ({ to }) =>
          `--rename ${path}=${to.name ?? ''}   (renamed: its data is kept; or @RenamedFrom('${old.name ?? ''}'))`,
      ),
      ...(isByHand ? [`--keep ${path}   (not renamed: it stays as it is)`] : []),
      `--drop ${path}   (removed: it is dropped with its data)`,
    ],
    ...(isByHand && {
      instead: 'Or, for objects that no entity has ever described: the setting `ignore` (nest-migrate help drift)',
    }),
  };
}
