import { ExitCode, MigrateError } from '../../errors.js';
import { followingColumns, junctionTables } from '../../plan/following-names.js';
import { renameCandidates } from '../../plan/renames.js';
import type { Rename } from '../../plan/renames.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { GenerateOptions } from './types.js';
import { decisionNeeded } from './decide.js';
import { idsOfPath, NamedObjects } from './named-objects.js';
import type { OpenQuestion } from './decide.js';
import { pathOf } from './path-of.js';
import { chosenOf, questionOf } from './rename-questions.js';
import type { History } from '../../snapshot/history.js';

export interface DecidedRenames {
  readonly renames: readonly Rename[];
  /** Objects that were not renamed, although they could have been: they are dropped, or kept if they were created by hand. */
  readonly dropped: readonly ObjectId[];
  readonly kept: readonly ObjectId[];
}

/** The schema that the entities describe, with the objects that are kept because they were created by hand. */
export interface Wanted {
  readonly schema: Schema;
  /** The keys of those objects that handwritten migrations created. */
  readonly byHand: ReadonlySet<string>;
}

/**
 * Decides which tables were renamed, according to flags, decorators or the user's answers. Nothing is guessed. Once these `tables` have
 * their new names, it decides which columns were renamed.
 */
export async function decideRenames(
  from: Schema,
  { schema: to, byHand }: Wanted,
  history: History,
  options: GenerateOptions,
  tables?: readonly Rename[],
): Promise<DecidedRenames> {
  const kind = tables === undefined ? 'table' : 'column';
  // Junction tables and their columns are named after the tables that they join, and other columns after the key that they refer to.
  const columnsAfter = tables === undefined ? undefined : followingColumns(from, to);
  const withJunctions = (renames: readonly Rename[]): readonly Rename[] => [
    ...renames,
    ...(columnsAfter?.([...(tables ?? []), ...renames]) ?? junctionTables(from, to, renames)),
  ];
  const said = renamesSaid(from, to, history, options);
  let decided = withJunctions(said.filter((rename) => rename.from.kind === kind));
  const open: OpenQuestion[] = [];
  const possible = renameCandidates(from, to, byHand);
  const answered = new Set([...(options.drops ?? []), ...(options.keeps ?? [])]);
  const candidates = possible.filter((one) => !answered.has(pathOf(one.from)));
  const ofKind = candidates.filter((one) => one.from.kind === kind);
  // The answer about a table may settle the question about its junction tables, and the answer about a key that about their columns.
  const mayBeSettled = (one: Rename): boolean =>
    ofKind.some((other) =>
      withJunctions([...decided, other]).some((rename) => rename !== other && keyOf(rename.from) === keyOf(one.from)),
    );
  const [later, now] = [ofKind.filter(mayBeSettled), ofKind.filter((one) => !mayBeSettled(one))];
  for (const [old, choices] of [...grouped(now), ...grouped(later)]) {
    const left = choices.filter((one) => !isTaken(one, decided));
    const [first] = left;
    if (first === undefined || (open.length > 0 && later.includes(first))) continue;
    if (options.ask === undefined) {
      open.push(questionOf(first.from, left, byHand));
      continue;
    }
    const chosen = await chosenOf(old, left, options.ask, byHand);
    if (chosen) decided = withJunctions([...decided, chosen]);
  }
  if (open.length === 0) {
    const left = possible.filter((one) => one.from.kind === kind && !isTaken({ ...one, to: one.from }, decided));
    const ids = [...new Map(left.map((one) => [keyOf(one.from), one.from])).values()];
    const isByHand = (id: ObjectId): boolean => byHand.has(keyOf(id));
    return { renames: decided, dropped: ids.filter((id) => !isByHand(id)), kept: ids.filter(isByHand) };
  }
  const ofColumns = candidates.filter((one) => one.from.kind === 'column' && kind === 'table' && !isTaken(one, said));
  throw decisionNeeded([
    ...open,
    ...[...grouped(ofColumns).values()].flatMap((choices) =>
      choices[0] ? [questionOf(choices[0].from, choices, byHand)] : [],
    ),
  ]);
}

/** What flags say, and decorators if no flag says the same. */
function renamesSaid(from: Schema, to: Schema, history: History, options: GenerateOptions): readonly Rename[] {
  const named = new NamedObjects(options, history);
  const flags = (options.renames ?? []).map((text) => renameOf(text, from, to, named));
  const isDue = ({ from: old, to: now }: Rename): boolean =>
    from.has(old) && !to.has(old) && to.has(now) && !from.has(now);
  return [...flags, ...history.renames.filter((rename) => isDue(rename) && !isTaken(rename, flags))];
}

/** Whether the old or the new name belongs to another rename. */
function isTaken(one: Rename, decided: readonly Rename[]): boolean {
  return decided.some((other) => keyOf(other.from) === keyOf(one.from) || keyOf(other.to) === keyOf(one.to));
}

function grouped(candidates: readonly Rename[]): ReadonlyMap<string, readonly Rename[]> {
  const groups = new Map<string, Rename[]>();
  for (const candidate of candidates) {
    const path = pathOf(candidate.from);
    groups.set(path, [...(groups.get(path) ?? []), candidate]);
  }
  return groups;
}

function renameOf(text: string, from: Schema, to: Schema, named: NamedObjects): Rename {
  const [path = '', name = ''] = text.split('=').map((part) => part.trim());
  // Before its table is renamed, a column may be named with the new name of the table already.
  const found = idsOfPath(path).find((id) => from.has(id)) ?? named.find(path, from)[0];
  const renamed = found && { ...found, name };
  if (found && renamed && name !== '' && (to.has(renamed) || renamedTable(found, renamed, to)))
    return { from: found, to: renamed };
  throw new MigrateError({
    code: 'USAGE',
    message: found
      ? `--rename ${text}: there is no ${name === '' ? 'new name' : `${name} in the entities`}.`
      : `--rename ${text}: there is no table or column ${path}.`,
    next: 'For a column: --rename users.name=full_name. For a table: --rename users=people',
    exitCode: ExitCode.usage,
  });
}

/** Whether a column belongs to a table that is renamed too. */
function renamedTable(old: ObjectId, renamed: ObjectId, to: Schema): boolean {
  return old.kind === 'column' && to.objects.some(({ id }) => id.kind === 'column' && id.name === renamed.name);
}
