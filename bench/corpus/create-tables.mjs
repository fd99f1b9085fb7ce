/** The same work for every tool: `count` migrations, each of them a table and an index. */
export function createTables(count) {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(4, '0');
    const table = `item_${number}`;
    return {
      name: `CreateItem${number}`,
      // Seconds and not milliseconds apart: some tools write the time into file names without fractions.
      timestamp: Date.UTC(2024, 0, 1) + index * 1000,
      up: [
        `CREATE TABLE "${table}" ("id" serial PRIMARY KEY, "name" character varying(100) NOT NULL, "email" character varying(255), "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now())`,
        `CREATE INDEX "${table}_name" ON "${table}" ("name")`,
      ],
      down: [`DROP TABLE "${table}"`],
    };
  });
}

/** 20240101000000, as many tools begin file names. */
export const stampOf = ({ timestamp }) => new Date(timestamp).toISOString().replace(/\D/g, '').slice(0, 14);
