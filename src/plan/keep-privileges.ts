import { MigrateError } from '../errors.js';
import { describeObject, relationOf } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import type { PlannedFile } from './arrange.js';
import { isSameThing, placeOf, tornApart } from './remade.js';
import { giveBackSql, heirOf, noteSql } from './privileges.js';
import type { Heir } from './privileges.js';
import { step } from './step.js';
import type { Step } from './step.js';

/** Restores the owner, the privileges and whatever else migrations do not know of what these steps drop and create again. */
export function keepPrivileges(steps: readonly Step[], before: Schema, after: Schema): readonly Step[] {
  const heirs = heirsIn(steps, before, after);
  if (heirs.length === 0) return steps;
  const first = Math.min(...heirs.map(({ taken }) => taken));
  const last = Math.max(...heirs.map(({ brought }) => brought));
  const { phase = 'expand', transaction = true } = steps[first] ?? {};
  const own = (sql: string, comment?: string): Step => ({
    ...step(sql, { comment, effect: 'does not block' }),
    phase,
    transaction,
  });
  const what = heirs.map(({ from }) => describeObject(from)).join(', ');
  return [
    ...steps.slice(0, first),
    own(
      noteSql(heirs),
      `Saves the owner, the privileges, the options and the comments of ${what}, which is recreated below.`,
    ),
    ...steps.slice(first, last + 1),
    ...giveBackSql().map((sql, at) =>
      own(sql, at === 0 ? 'Restores the saved owner, privileges, options and comments.' : undefined),
    ),
    ...steps.slice(last + 1),
  ];
}

/** Each file by itself: an object that is missing between two files would also lose its privileges. */
export function keepPrivilegesIn(files: readonly PlannedFile[], before: Schema, after: Schema): readonly PlannedFile[] {
  const torn = tornApart(files);
  if (torn === undefined) return files.map((file) => ({ ...file, steps: keepPrivileges(file.steps, before, after) }));
  throw new MigrateError({
    code: 'PROOF_FAILED',
    message: `${describeObject(torn)} would be dropped by one file and created again by another: it would be missing in between, and would lose its owner and privileges.`,
    next: 'Nothing was written. Try --no-online, or generate the changes one at a time.',
  });
}

interface Located extends Heir {
  /** The numbers of the steps. */
  readonly taken: number;
  readonly brought: number;
}

function heirsIn(steps: readonly Step[], before: Schema, after: Schema): readonly Located[] {
  const found = steps.flatMap(({ takes = [] }, taken) =>
    takes.flatMap((from): readonly Located[] => {
      const brought = steps.findLastIndex(({ brings = [] }) => brings.some((to) => isSameThing(from, to)));
      const to = steps[brought]?.brings?.find((other) => isSameThing(from, other));
      return to === undefined || brought < taken || placeOf(from) === undefined
        ? []
        : [{ ...heirOf(from, to, before, after), taken, brought }];
    }),
  );
  const whole = new Set(found.map(({ from }) => placeOf(from)));
  // The columns go with their table.
  return found.filter(({ from }) => from.kind !== 'column' || !whole.has(placeOf(relationOf(from))));
}
