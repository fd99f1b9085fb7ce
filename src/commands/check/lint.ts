import { lint } from '../lint/lint.js';
import type { Finding } from '../lint/types.js';
import type { CheckFinding, Judged } from './types.js';
import { isBroken, none, notChosen, notJudged } from './work.js';
import type { CheckWork } from './work.js';

/** Judges what the new migrations will do to a database in use. Reverting them is the subject of the step `replay`. */
export async function lintStep(
  work: CheckWork,
): Promise<{ readonly findings: readonly CheckFinding[]; readonly judged: Judged }> {
  if (isBroken(work)) return { findings: [notJudged], judged: none };
  const { shadow, cache, since } = work.options;
  try {
    const rules = ['irreversible-down=off'];
    const { findings, migrations, chosen } = await lint({ shadow, cache, since, rules }, work.context);
    const told = findings.filter(({ severity }) => severity !== 'notice').map(checkFindingOf);
    return { findings: told, judged: { migrations, chosen } };
  } catch (error) {
    return { findings: [notChosen(error, work)], judged: none };
  }
}

function checkFindingOf({ rule, severity, message, migration, file, line }: Finding): CheckFinding {
  return {
    severity: severity === 'error' ? 'error' : 'notice',
    message: `${message} (${rule})`,
    rule,
    migration,
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(severity === 'error' && { next: `nest-migrate lint ${file ?? migration} shows what to write instead` }),
  };
}
