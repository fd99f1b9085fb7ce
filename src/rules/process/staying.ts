import type { Observed } from '../../observe/observed.js';
import type { JudgedMigration } from '../rule.js';
import { settingOf } from '../setting.js';
import type { Setting } from '../setting.js';

/** A setting that a statement changes for the session, unless a later statement resets it. */
export function staysSet(statement: Observed, { statements }: JudgedMigration): Setting | undefined {
  const setting = settingOf(statement.tree);
  if (setting?.value === undefined || setting.until === 'transaction') return undefined;
  const isSetBack = statements.slice(statements.indexOf(statement) + 1).some(({ tree }) => {
    const later = settingOf(tree);
    return later !== undefined && later.value === undefined && [setting.name, 'all'].includes(later.name);
  });
  return isSetBack ? undefined : setting;
}
