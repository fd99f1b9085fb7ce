import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const irreversibleDown: Rule = {
  name: 'irreversible-down',
  severity: 'error',
  title: 'Its down does not lead back to where its up began.',
  why: 'A down is needed when everything else has gone wrong, and then it must be right. It is executed after its up, and the schema is compared with the one before: objects that are left over or missing would be in the way of the next run. A down may also throw an error of its own, because its up cannot be undone. `lint --all` leaves this to `check`, which caches what it has proven.',
  *check({ wayBack }) {
    if (wayBack?.leads === 'elsewhere')
      yield {
        message: `After its down, the schema is not what it was:\n${wayBack.differences.slice(0, 10).join('\n')}`,
      };
    if (wayBack?.leads === 'into-error') yield { message: `Its down fails: ${wayBack.reason}.` };
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
