import { expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import { serverUrl } from '../support/database.js';
import { migration, using } from '../support/migrations.js';

const account = new EntitySchema({
  name: 'account',
  columns: { id: { type: 'int', primary: true }, balance: { type: 'numeric' }, note: { type: 'varchar' } },
});

const made = [
  'CREATE TABLE account (id int NOT NULL, balance int NOT NULL, note text NOT NULL, CONSTRAINT "PK_54115ee388cdb6d86bb4bf5b2ea" PRIMARY KEY (id))',
];
const byHand = [
  'ALTER TABLE account ADD CONSTRAINT positive CHECK (balance >= 0 AND balance < 1000000)',
  'CREATE INDEX large ON account (id) WHERE balance > 1000',
  "ALTER TABLE account ADD CONSTRAINT noted CHECK (note <> '' AND note IN ('a', 'b'))",
];

it.each([true, false])(
  'a handmade check or index that PostgreSQL prints otherwise for the new type of its column, online: %s',
  async (online) => {
    const { result } = await using(
      {
        url: serverUrl(),
        migrations: [migration('Made1700000000000', { up: [...made, ...byHand] })],
        options: { entities: [account] },
      },
      (migrator) =>
        migrator.generate({ name: 'Change', dryRun: true, shadow: serverUrl(), online, usings: ['account.note=note'] }),
    );
    expect(result.statements.map(({ sql }) => sql).join('\n')).toMatch(/numeric/);
  },
);
