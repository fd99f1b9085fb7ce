import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const irreversibleDown: Rule = {
  name: 'irreversible-down',
  severity: 'error',
  title: 'The down does not restore the schema from before the up.',
  why: 'A down is needed when everything else has gone wrong, and then it must be right. Lint executes it after its up, and compares the schema with the one before: objects that are left over or missing would break the next run. If its up cannot be undone, a down may throw an error deliberately. `lint --all` leaves this to `check`, which caches its proofs.',
  *check({ wayBack }) {
    if (wayBack?.leads === 'elsewhere')
      yield {
        message: `After the down, the schema differs from the one before the up:\n${wayBack.differences.slice(0, 10).join('\n')}`,
      };
    if (wayBack?.leads === 'into-error') yield { message: `The down fails: ${wayBack.reason}.` };
  },
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN age int', down: 'ALTER TABLE users DROP COLUMN email' },
    { given: users, sql: 'ALTER TABLE users ADD COLUMN age int', down: 'ALTER TABLE users DROP COLUMN ages' },
    { given: users, sql: 'CREATE TABLE posts (id int PRIMARY KEY)', down: 'SELECT 1' },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN age int', down: 'ALTER TABLE users DROP COLUMN age' },
    {
      given: users,
      sql: 'CREATE INDEX CONCURRENTLY i ON users (email)',
      down: 'DROP INDEX CONCURRENTLY i',
      transaction: false,
    },
    {
      given: users,
      sql: 'ALTER TABLE users ADD COLUMN age int',
      down: `DO $$ BEGIN RAISE EXCEPTION 'ages cannot be forgotten'; END $$`,
    },
  ],
};
