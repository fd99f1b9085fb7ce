import { DefaultNamingStrategy, Entity, PrimaryGeneratedColumn, Column as TextColumn } from 'typeorm';
import { bare, entity } from './case.js';
import type { Case, Column } from './case.js';

const text: Column = { type: 'text' };
const rows = [`INSERT INTO t (a) VALUES ('1'), ('2')`];
const t = entity('t', { a: text });

class Upper extends DefaultNamingStrategy {
  override tableName(target: string, given: string | undefined): string {
    return (given ?? target).toUpperCase();
  }
  override columnName(property: string, custom: string | undefined, prefixes: string[]): string {
    return [...prefixes, custom ?? property].join('_').toUpperCase();
  }
}

function person(zip: boolean) {
  class Address {
    @TextColumn('text') street!: string;
    zip!: string;
  }
  if (zip) TextColumn('text', { nullable: true })(Address.prototype, 'zip');
  @Entity('t')
  class Person {
    @PrimaryGeneratedColumn() id!: number;
    @TextColumn('text') a!: string;
    @TextColumn(() => Address) home!: Address;
  }
  return [Person];
}

function counted(mode: 'ALWAYS' | 'BY DEFAULT') {
  @Entity('t')
  class Counted {
    @PrimaryGeneratedColumn('identity', { generatedIdentity: mode }) id!: number;
    @TextColumn('text') a!: string;
  }
  return [Counted];
}

function described() {
  @Entity({ name: 't', comment: "it's a table" })
  class Described {
    @PrimaryGeneratedColumn() id!: number;
    @TextColumn('text') a!: string;
  }
  return Described;
}

export const others: readonly Case[] = [
  {
    name: 'an extension that TypeORM does not install comes with its first column',
    dataSource: { installExtensions: false },
    before: [t],
    after: [entity('t', { a: text, c: { type: 'citext', nullable: true } })],
    rows,
    says: ['CREATE EXTENSION IF NOT EXISTS'],
    // A role that may not install it stops there, and with nothing else.
    phases: ['expand', 'expand'],
    // Only the owner may do it, of an extension and of what belongs to it.
    neverSays: /COMMENT ON/,
  },
  { name: 'a table is added', before: [t], after: [t, entity('u', { a: text })], rows, phases: ['expand'] },
  {
    name: 'a table is dropped',
    before: [t, entity('u', { a: text })],
    after: [t],
    rows,
    options: { allowDestructive: true },
    phases: ['contract'],
  },
  {
    name: 'a comment of a table is added',
    before: [t],
    after: [described()],
    rows,
  },
  {
    name: 'a comment of a table is removed',
    before: [described()],
    after: [t],
    rows,
  },
  {
    name: 'an embedded entity gets a column',
    before: person(false),
    after: person(true),
    rows: [`INSERT INTO t (a, "homeStreet") VALUES ('1', 'x')`],
  },
  { name: 'an identity becomes ALWAYS', before: counted('BY DEFAULT'), after: counted('ALWAYS'), rows },
  { name: 'an identity becomes BY DEFAULT', before: counted('ALWAYS'), after: counted('BY DEFAULT'), rows },
  {
    name: 'another schema is added',
    before: [t],
    after: [t, entity('u', { a: text, e: { type: 'enum', enum: ['x'], default: 'x' } }, { schema: 'billing' })],
    rows,
  },
  {
    name: 'tables of the same name in two schemas are changed',
    before: [t, entity('t', { a: text }, { name: 't2', tableName: 't', schema: 'billing' })],
    after: [
      entity('t', { a: text, b: { type: 'int', default: 1 } }),
      entity(
        't',
        { a: text, c: { type: 'int', nullable: true } },
        { name: 't2', tableName: 't', schema: 'billing', indices: [{ name: 'i', columns: ['c'] }] },
      ),
    ],
    rows: [...rows, `INSERT INTO billing.t (a) VALUES ('1')`],
  },
  {
    name: 'a schema is dropped with its tables',
    before: [t, entity('u', { a: text }, { schema: 'billing' })],
    after: [t],
    rows,
    options: { allowDestructive: true },
    phases: ['contract'],
  },
  {
    name: 'everything is in a separate schema',
    before: [t],
    after: [
      entity('t', { a: text, b: { type: 'int', nullable: true } }),
      entity('u', { e: { type: 'enum', enum: ['x'] } }),
    ],
    dataSource: { schema: 'app' },
    rows: [`INSERT INTO app.t (a) VALUES ('1')`],
  },
  {
    name: 'a naming strategy',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'int', default: 1 } }, { indices: [{ columns: ['b'] }] })],
    dataSource: { namingStrategy: new Upper() },
    rows: [`INSERT INTO "T" ("A") VALUES ('1')`],
  },
  {
    name: 'an entity that is not synchronized',
    before: [t],
    after: [t, entity('hidden', { a: text }, { synchronize: false }), entity('u', { a: text })],
    rows,
  },
  {
    name: 'handmade objects are kept',
    before: [t],
    after: [entity('t', { a: text, b: { type: 'int', nullable: true } })],
    hand: {
      up: [
        'CREATE INDEX by_hand ON t (lower(a))',
        'CREATE TABLE audit (id serial PRIMARY KEY, at timestamptz DEFAULT now())',
        'CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit DEFAULT VALUES; RETURN NEW; END $$',
        'CREATE TRIGGER noted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()',
        'ALTER TABLE t ENABLE ROW LEVEL SECURITY',
        'CREATE POLICY everybody ON t USING (true)',
        'CREATE VIEW all_of_t AS SELECT a FROM t',
      ],
      down: [
        'DROP VIEW all_of_t',
        'DROP POLICY everybody ON t',
        'ALTER TABLE t DISABLE ROW LEVEL SECURITY',
        'DROP TRIGGER noted ON t',
        'DROP FUNCTION note',
        'DROP TABLE audit',
        'DROP INDEX by_hand',
      ],
    },
    stays: [
      'index by_hand',
      'table audit',
      'sequence audit_id_seq',
      'function note()',
      'trigger t.noted',
      'policy t.everybody',
      'view all_of_t',
    ],
    rows,
  },
  {
    name: 'handmade objects are pruned',
    before: [t],
    after: [entity('t', { a: text, b: { type: 'int', nullable: true } })],
    hand: {
      up: ['CREATE INDEX by_hand ON t (lower(a))', 'CREATE TABLE audit (id serial PRIMARY KEY)'],
      down: ['DROP TABLE audit', 'DROP INDEX by_hand'],
    },
    options: { prune: true, allowDestructive: true },
    rows,
  },
  {
    name: 'handmade objects that the entities now describe get the names that TypeORM compares',
    before: [entity('t', { a: text, b: { type: 'int', default: 1 } })],
    after: [
      entity(
        't',
        { a: { ...text, unique: true }, b: { type: 'int', default: 1 } },
        { indices: [{ name: 'by_b', columns: ['b'] }], checks: [{ name: 'positive', expression: 'b > 0' }] },
      ),
    ],
    hand: {
      up: [
        'ALTER TABLE t ADD CONSTRAINT once UNIQUE (a)',
        'CREATE INDEX mine ON t (b)',
        'ALTER TABLE t ADD CONSTRAINT own CHECK (b > 0)',
      ],
      down: ['ALTER TABLE t DROP CONSTRAINT own', 'DROP INDEX mine', 'ALTER TABLE t DROP CONSTRAINT once'],
    },
    rows,
    sql: [
      'ALTER TABLE "public"."t" RENAME CONSTRAINT "own" TO "positive"',
      'ALTER INDEX "public"."mine" RENAME TO "by_b"',
    ],
  },
  {
    name: 'a handmade primary key keeps its name, which TypeORM does not compare',
    before: [t],
    after: [entity('t', { a: text, b: { type: 'int', nullable: true } })],
    hand: {
      up: [
        'ALTER TABLE t DROP CONSTRAINT "PK_eb88175348bc656de27db7918a7"',
        'ALTER TABLE t ADD CONSTRAINT mine PRIMARY KEY (id)',
      ],
      down: [
        'ALTER TABLE t DROP CONSTRAINT mine',
        'ALTER TABLE t ADD CONSTRAINT "PK_eb88175348bc656de27db7918a7" PRIMARY KEY (id)',
      ],
    },
    rows,
  },
  {
    name: 'a handmade unique key gives way to the unique index of that name that the entities want',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text }, { indices: [{ name: 'u', columns: ['a'], unique: true }] })],
    hand: { up: ['ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)'], down: ['ALTER TABLE t DROP CONSTRAINT u'] },
    rows: [`INSERT INTO t (a) VALUES ('1')`],
  },
  {
    name: 'a handmade unique index gives way to the key of that name that the entities want',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text }, { uniques: [{ name: 'u', columns: ['a'] }] })],
    hand: { up: ['CREATE UNIQUE INDEX u ON t (a)'], down: ['DROP INDEX u'] },
    rows: [`INSERT INTO t (a) VALUES ('1')`],
  },
  {
    name: 'a handmade view is there while a column gets another type',
    before: [entity('t', { a: { type: 'varchar', length: 10 } })],
    after: [entity('t', { a: { type: 'varchar', length: 20 } })],
    hand: { up: ['CREATE VIEW all_of_t AS SELECT a FROM t'], down: ['DROP VIEW all_of_t'] },
    stays: ['view all_of_t'],
    rows,
    phases: ['expand'],
  },
  {
    name: 'everything at once',
    before: [
      entity(
        't',
        { a: { type: 'varchar', length: 10 }, b: { type: 'int', default: 1 }, c: { type: 'enum', enum: ['x', 'y'] } },
        { indices: [{ name: 'i', columns: ['b'] }], uniques: [{ name: 'u', columns: ['a'] }] },
      ),
      entity('old', { a: text }),
    ],
    after: [
      entity(
        't',
        {
          a: { type: 'varchar', length: 20 },
          b: { type: 'bigint', default: 2 },
          c: { type: 'enum', enum: ['x', 'y', 'z'], default: 'z' },
          d: { type: 'uuid', default: () => 'gen_random_uuid()' },
        },
        { indices: [{ name: 'i', columns: ['b', 'a'] }], checks: [{ name: 'k', expression: 'b > 0' }] },
      ),
      bare(
        'new',
        { id: { type: 'uuid', primary: true, generated: 'uuid' }, t: { type: 'int' } },
        { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['t'], referencedColumnNames: ['id'] }] },
      ),
    ],
    rows: [`INSERT INTO t (a, c) VALUES ('1', 'x'), ('2', 'y')`, `INSERT INTO old (a) VALUES ('1')`],
    options: { allowDestructive: true, drops: ['old'] },
  },
];
