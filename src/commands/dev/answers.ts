import { afterRenames } from '../../plan/renames.js';
import type { Rename } from '../../plan/renames.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { StoredAnswers } from '../../database/drafts.js';
import type { History } from '../../snapshot/history.js';
import type { Answers } from '../generate/change.js';
import { pathOf } from '../generate/path-of.js';
import type { GenerateOptions } from '../generate/types.js';

export const noAnswers: StoredAnswers = { renames: [], drops: [], keeps: [], backfills: {}, usings: {} };

type Flags = Pick<GenerateOptions, 'renames' | 'drops' | 'keeps' | 'backfills' | 'usings' | 'storedTimezone'>;

/** The answers as command line flags. */
export function flagsOf({ renames, drops, keeps = [], backfills, usings, storedTimezone }: StoredAnswers): Flags {
  const pairs = (answers: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(answers).map(([path, expression]) => `${path}=${expression}`);
  return {
    renames: renames.map(({ from, to }) => `${pathOf(from as ObjectId)}=${to.name ?? ''}`),
    drops: drops.map((id) => pathOf(id as ObjectId)),
    keeps: keeps.map((id) => pathOf(id as ObjectId)),
    backfills: pairs(backfills),
    usings: pairs(usings),
    storedTimezone,
  };
}

/** The value of a decorator is read each time, and may be another one by now. */
export function withoutTold(answers: StoredAnswers, { backfills: told }: History): StoredAnswers {
  const backfills = Object.fromEntries(Object.entries(answers.backfills).filter(([path]) => !told.has(path)));
  return { ...answers, backfills };
}

/**
 * Translates the answers about the last step of a draft to answers about the whole draft. A column that was renamed twice was renamed once
 * as a whole: from its name in the migrations `before` the draft to its current name.
 */
export function withAnswers(kept: StoredAnswers, now: Answers, before: Schema): StoredAnswers {
  const all = kept.renames as readonly Rename[];
  const isTable = ({ kind }: ObjectId): boolean => kind === 'table';
  const tables = now.renames.filter(({ from }) => isTable(from));
  const columns = now.renames.filter(({ from }) => !isTable(from));
  let renames = all.map(({ from, to }) => ({ from, to: afterRenames(to, tables) }));
  for (const { from, to } of [...tables, ...columns]) {
    const earlier = renames.find((one) => keyOf(one.to) === keyOf(from));
    if (earlier) renames = renames.map((one) => (one === earlier ? { from: one.from, to } : one));
    else if (before.has(formerly(from, renames))) renames = [...renames, { from: formerly(from, renames), to }];
  }
  const gone = now.drops.map((id) => renames.find((one) => keyOf(one.to) === keyOf(id))?.from ?? formerly(id, renames));
  const isGone = (id: ObjectId): boolean => gone.some((one) => keyOf(one) === keyOf(id));
  const drops = [...(kept.drops as readonly ObjectId[]), ...gone.filter((id) => before.has(id))];
  const keeps = [...((kept.keeps ?? []) as readonly ObjectId[]), ...now.keeps.map((id) => formerly(id, renames))];
  const { storedTimezone = kept.storedTimezone } = now;
  return {
    renames: renames.filter(({ from, to }) => !isGone(from) && keyOf(from) !== keyOf(to)),
    drops: onceEach(drops),
    keeps: onceEach(keeps).filter((id) => before.has(id)),
    backfills: { ...underNewNames(kept.backfills, now.renames), ...Object.fromEntries(expressionsIn(now.backfills)) },
    usings: { ...underNewNames(kept.usings, now.renames), ...Object.fromEntries(now.usings) },
    ...(storedTimezone !== undefined && { storedTimezone }),
  };
}

function onceEach(ids: readonly ObjectId[]): readonly ObjectId[] {
  return [...new Map(ids.map((id) => [keyOf(id), id])).values()];
}

/** That a column has no NULL in this database says nothing about other databases. */
function expressionsIn(backfills: Answers['backfills']): readonly (readonly [string, string])[] {
  return [...backfills].filter(([, expression]) => expression.toUpperCase() !== 'NULL');
}

/** The same object with the name that its table had before the draft. */
function formerly(id: ObjectId, renames: readonly Rename[]): ObjectId {
  return afterRenames(id, renames.filter(({ from }) => from.kind === 'table').toReversed(), 'back');
}

function underNewNames(
  answers: Readonly<Record<string, string>>,
  renames: readonly Rename[],
): Readonly<Record<string, string>> {
  const renamed = (path: string): string => {
    const found = renames.find(({ from }) => from.kind === 'column' && pathOf(from) === path);
    if (found) return pathOf(found.to);
    const table = renames.find(({ from }) => from.kind === 'table' && path.startsWith(`${pathOf(from)}.`));
    return table ? `${pathOf(table.to)}${path.slice(pathOf(table.from).length)}` : path;
  };
  return Object.fromEntries(Object.entries(answers).map(([path, expression]) => [renamed(path), expression]));
}
