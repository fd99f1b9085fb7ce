/**
 * A schema as apps have it: tables of eight columns with a default here and there, an index, and a foreign key to an earlier table. Plain
 * data; each tool has a file that writes it in its own words. All names are given, so that all tools mean the same.
 */
export function shop(count, { addedColumns = 0 } = {}) {
  return Array.from({ length: count }, (_, index) => {
    const table = tableName(index);
    return {
      table,
      className: className(index),
      parent: { table: tableName(index >> 1), className: className(index >> 1), file: fileName(index >> 1) },
      file: fileName(index),
      primaryKey: `${table}_pkey`,
      index: `${table}_title_idx`,
      foreignKey: `${table}_parent_fkey`,
      added: Array.from({ length: addedColumns }, (_, number) => `note_${number + 1}`),
    };
  });
}

/** Where the one new column goes: neither the first nor the last that is read. */
export const changedOf = (tables) => tables[tables.length >> 1];
/** Stands for the name of the new column, which is another one in every run. */
export const newColumn = 'the_new_column';

const numbered = (index) => String(index + 1).padStart(4, '0');
const tableName = (index) => `product_${numbered(index)}`;
const className = (index) => `Product${numbered(index)}`;
const fileName = (index) => `product-${numbered(index)}.entity`;

/** One migration for each table; then one for each added column. */
export function shopMigrations(tables) {
  const steps = [
    ...tables.map(createTable),
    ...tables.flatMap((table) => table.added.map((column) => addColumn(table, column))),
  ];
  return steps.map((step, index) => ({ ...step, timestamp: Date.UTC(2024, 0, 1) + index * 1000 }));
}

const createTable = ({ table, className, parent, primaryKey, index, foreignKey }) => ({
  name: `Create${className}`,
  up: [
    `CREATE TABLE "${table}" ("id" SERIAL NOT NULL, "title" character varying(120) NOT NULL, "description" text, "position" integer NOT NULL DEFAULT '0', "price" numeric(10,2), "active" boolean NOT NULL DEFAULT false, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "parent_id" integer, CONSTRAINT "${primaryKey}" PRIMARY KEY ("id"))`,
    `CREATE INDEX "${index}" ON "${table}" ("title")`,
    `ALTER TABLE "${table}" ADD CONSTRAINT "${foreignKey}" FOREIGN KEY ("parent_id") REFERENCES "${parent.table}"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
  ],
  down: [`DROP TABLE "${table}"`],
});

const addColumn = ({ table, className }, column) => ({
  name: `Add${column.replace('note_', 'Note')}To${className}`,
  up: [`ALTER TABLE "${table}" ADD "${column}" text`],
  down: [`ALTER TABLE "${table}" DROP COLUMN "${column}"`],
});
