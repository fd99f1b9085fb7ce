import { changedOf } from './shop.mjs';

/** The same shop in the words of MikroORM. */
export function mikroOrmEntities(tables, further = []) {
  const changed = changedOf(tables);
  return `const { EntitySchema } = require('@mikro-orm/core');

module.exports = [
${tables.map((table) => schemaOf(table, table === changed ? further : [])).join('')}];
`;
}

const schemaOf = ({ table, className, parent, index, added }, further) => `  new EntitySchema({
    name: '${className}',
    tableName: '${table}',
    indexes: [{ name: '${index}', properties: ['title'] }],
    properties: {
      id: { type: 'number', primary: true, autoincrement: true },
      title: { type: 'string', length: 120 },
      description: { type: 'text', nullable: true },
      position: { type: 'number', default: 0 },
      price: { type: 'decimal', precision: 10, scale: 2, nullable: true },
      active: { type: 'boolean', default: false },
      createdAt: { type: 'Date', fieldName: 'created_at', columnType: 'timestamptz', defaultRaw: 'now()' },
      parent: { kind: 'm:1', entity: '${parent.className}', fieldName: 'parent_id', nullable: true },
${[...added, ...further].map((name) => `      ${name}: { type: 'text', nullable: true, fieldName: '${name}' },\n`).join('')}    },
  }),
`;
