import type { Observed } from '../../observe/observed.js';
import { newConstraints, tableInUse } from '../look.js';
import type { Problem, Rule } from '../rule.js';

const given =
  'CREATE TABLE users (id int PRIMARY KEY); CREATE SCHEMA shop; CREATE TABLE shop."Items" (id int PRIMARY KEY); CREATE TABLE orders (u int UNIQUE, i int UNIQUE)';
const toUsers = 'ALTER TABLE orders ADD CONSTRAINT fk_u FOREIGN KEY (u) REFERENCES users NOT VALID';
const toItems = 'ALTER TABLE orders ADD CONSTRAINT fk_i FOREIGN KEY (i) REFERENCES shop."Items" NOT VALID';

export const multipleFksOneTx: Rule = {
  name: 'multiple-fks-one-tx',
  severity: 'notice',
  title: 'One transaction adds foreign keys to several tables in use.',
  why: 'Adding a foreign key locks both of its tables against writes. With a second one, the transaction waits for a third table while it holds two: an app that has written to that table and now needs one of the first two waits for the migration, and the server cancels one of the two with 40P01 (deadlock detected). With one foreign key per transaction, only two tables are locked at a time. Foreign keys of a new table are not reported, since they are not worth several files.',
  *check({ statements }) {
    const locked = new Map<number, Set<number>>();
    for (const statement of statements) {
      if (statement.transaction === undefined || statement.error !== undefined) continue;
      const known = locked.get(statement.transaction) ?? new Set<number>();
      const isFirst = known.size < 3;
      for (const oid of lockedByKeys(statement)) known.add(oid);
      locked.set(statement.transaction, known);
      if (isFirst && known.size > 2) yield problemOf(statement);
    }
  },
  bad: [
    { given, sql: `${toUsers}; ${toItems}` },
    {
      given,
      sql: 'ALTER TABLE ONLY orders ADD FOREIGN KEY (u) REFERENCES users NOT VALID, ADD FOREIGN KEY (i) REFERENCES shop."Items" NOT VALID',
    },
  ],
  good: [
    { given, sql: [toUsers, toItems] },
    { given, sql: `SET lock_timeout = 2000; ${toUsers}; ${toItems}`, transaction: false },
    { given, sql: 'CREATE TABLE bills (u int UNIQUE REFERENCES users, i int UNIQUE REFERENCES shop."Items")' },
    { given, sql: `${toUsers}; ALTER TABLE orders ADD FOREIGN KEY (i) REFERENCES users NOT VALID` },
    { given, sql: `${toUsers}; ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES orders (u) NOT VALID` },
  ],
};

/** The tables in use on both sides of the foreign keys of tables in use. */
function lockedByKeys(statement: Observed): readonly number[] {
  return newConstraints(statement, 'CONSTR_FOREIGN').flatMap(({ table, constraint }) => {
    const referred = tableInUse(statement, constraint.pktable);
    return referred ? [table.oid, referred.oid] : [table.oid];
  });
}

function problemOf(statement: Observed): Problem {
  return {
    statement,
    message: 'It waits for another table while the tables of the first foreign key are locked: a deadlock is possible.',
    advice: '-- Each foreign key in a migration of its own.',
  };
}
