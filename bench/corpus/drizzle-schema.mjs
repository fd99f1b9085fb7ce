import { changedOf } from './shop.mjs';

/** The same shop in the words of drizzle. */
export function drizzleSchema(tables, further = []) {
  const changed = changedOf(tables);
  return `const { boolean, foreignKey, index, integer, numeric, pgTable, serial, text, timestamp, varchar } = require('drizzle-orm/pg-core');
${tables.map((table) => tableOf(table, table === changed ? further : [])).join('')}`;
}

const tableOf = ({ table, className, parent, index, foreignKey, added }, further) => `
const ${className} = pgTable('${table}', {
  id: serial('id').primaryKey(),
  title: varchar('title', { length: 120 }).notNull(),
  description: text('description'),
  position: integer('position').notNull().default(0),
  price: numeric('price', { precision: 10, scale: 2 }),
  active: boolean('active').notNull().default(false),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  parentId: integer('parent_id'),
${[...added, ...further].map((name) => `  ${name}: text('${name}'),\n`).join('')}}, (table) => [
  index('${index}').on(table.title),
  foreignKey({ name: '${foreignKey}', columns: [table.parentId], foreignColumns: [${parent.className === className ? 'table' : parent.className}.id] }),
]);
exports.${className} = ${className};
`;
