import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { builtInType } from './added.js';
import { declaredColumns } from './declared.js';

export const moneyColumn: Rule = {
  name: 'money-column',
  severity: 'notice',
  optional: true,
  title: 'numeric is better than money.',
  why: 'The input and output of money depend on the lc_monetary setting of the server: the type stores no currency, the number of fractional digits varies, and another server can read different amounts. numeric is exact everywhere; a second column can hold the currency.',
  check: eachStatement((statement) =>
    declaredColumns(statement)
      .filter(({ column: { typeName } }) => builtInType(typeName) === 'money')
      .map(({ path }) => ({
        message: `${path} is money: its format and precision depend on a server setting.`,
        advice: `-- Use numeric(19, 4), or whole cents as bigint. In the entity: @Column('numeric', { precision: 19, scale: 4 })`,
      })),
  ),
  bad: [
    { sql: 'CREATE TABLE orders (id uuid PRIMARY KEY, price money)' },
    { sql: 'CREATE TABLE "Orders" ("Id" uuid PRIMARY KEY); ALTER TABLE "Orders" ADD "Price" money' },
  ],
  good: [
    { sql: 'CREATE TABLE orders (id uuid PRIMARY KEY, price numeric(19, 4))' },
    { sql: 'CREATE TABLE orders (id uuid PRIMARY KEY, money bigint)' },
  ],
};
