import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, sqlName } from '../look.js';
import { settingOf } from '../setting.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';
const off: ReadonlySet<string> = new Set(['AT_DisableTrig', 'AT_DisableTrigAll', 'AT_DisableTrigUser']);

export const disableTrigger: Rule = {
  name: 'disable-trigger',
  severity: 'warning',
  title: 'Triggers are disabled, and with ALL or session_replication_role, so are foreign key checks.',
  why: 'DISABLE TRIGGER applies to all sessions, from the commit until the trigger is enabled again; writes wait until that transaction ends. Rows written meanwhile fire no triggers, and their foreign keys are not checked later either: invalid rows stay, and nothing reports them.',
  check: eachStatement((statement, { statements }) => {
    const rest = statements.slice(statements.indexOf(statement) + 1);
    const onTables = alterations(statement).flatMap(({ table, command }) => {
      if (!off.has(command.subtype ?? '')) return [];
      const isOnAgain = rest.some((later) => enables(later, table.oid));
      return [
        {
          message: isOnAgain
            ? `Writes to ${called(table)} wait until its triggers are enabled again, and rows that are written before that are not checked later.`
            : `From here on, writes to ${called(table)} fire no triggers, in any session.`,
          fix: isOnAgain
            ? undefined
            : `-- In the same transaction:\nALTER TABLE ${sqlName(table)} ENABLE TRIGGER ${command.subtype === 'AT_DisableTrigUser' ? 'USER' : 'ALL'};`,
        },
      ];
    });
    const setting = settingOf(statement.tree);
    const isReplica = setting?.name === 'session_replication_role' && setting.value === 'replica';
    return isReplica
      ? [...onTables, { message: 'From here on, writes fire no triggers, and foreign keys are not checked.' }]
      : onTables;
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users DISABLE TRIGGER ALL' },
    { given: users, sql: 'ALTER TABLE ONLY public.users DISABLE TRIGGER USER; ALTER TABLE users ENABLE TRIGGER USER' },
    { sql: "SET LOCAL session_replication_role = 'replica'" },
  ],
  good: [
    { sql: `${users}; ALTER TABLE users DISABLE TRIGGER ALL` },
    { given: users, sql: 'ALTER TABLE users ENABLE TRIGGER ALL' },
    { sql: 'SET LOCAL session_replication_role = DEFAULT' },
  ],
};

function enables(statement: Observed, oid: number): boolean {
  const alter = nodeOf(statement.tree, 'AlterTableStmt');
  return alterations(statement).some(
    ({ table, command }) =>
      alter && table.oid === oid && /^AT_Enable(?:Trig|TrigAll|TrigUser)$/.test(command.subtype ?? ''),
  );
}
