import type { Random } from '../support/random.js';

/** The password of the role that migrates: where this text turns up, a password was shown. */
export const marker = 'QxZ7kW9vFire';
export const role = 'fire_app';
export const accounts = 200;
export const visits = 3000;

/** What a migration is, and what it leaves. */
interface Made {
  readonly file: string;
  readonly text: string;
  /** Names in the ledger, in their order. */
  readonly names: readonly string[];
  /** What it adds to each balance. */
  readonly credit: number;
  readonly contract?: true;
}

export interface FireProject {
  readonly base: Made;
  readonly made: readonly Made[];
  /** How many of them the first of two deploys has. */
  readonly first: number;
}

type Kind = (timestamp: number, credit: number, random: Random) => Made;

const trail = (name: string, direction: 'up' | 'down'): string =>
  `INSERT INTO trail (name, direction) VALUES ('${name}', '${direction}')`;
const credit = (amount: number): string => `UPDATE account SET balance = balance + ${amount}`;
const pause = (random: Random): string => `SELECT pg_sleep(${random.below(120) / 1000})`;

function classText(name: string, up: readonly string[], down: readonly string[], statics = ''): string {
  const body = (statements: readonly string[]): string =>
    statements.map((sql) => `    await queryRunner.query(${JSON.stringify(sql)});`).join('\n');
  return `export class ${name} {\n${statics}  async up(queryRunner) {\n${body(up)}\n  }\n  async down(queryRunner) {\n${body(down)}\n  }\n}\n`;
}

function sqlText(head: string, up: readonly string[], down: readonly string[]): string {
  return `${head}-- up\n${up.join(';\n')};\n-- down\n${down.join(';\n')};\n`;
}

/** Each step says in the trail that it was there; the rest is what a change of that kind does. */
function bothWays(
  name: string,
  amount: number,
  up: readonly string[],
  down: readonly string[],
): readonly [readonly string[], readonly string[]] {
  return [
    [trail(name, 'up'), credit(amount), ...up],
    [trail(name, 'down'), credit(-amount), ...down],
  ];
}

const kinds: readonly Kind[] = [
  function transactionalClass(timestamp, amount, random) {
    const name = `Column${timestamp}`;
    const more = [pause(random), `ALTER TABLE account ADD c${timestamp} int DEFAULT 7`];
    const [up, down] = bothWays(name, amount, more, [`ALTER TABLE account DROP COLUMN c${timestamp}`]);
    return { file: `${timestamp}-Column.js`, text: classText(name, up, down), names: [name], credit: amount };
  },
  function transactionalSql(timestamp, amount, random) {
    const name = `Table${timestamp}`;
    const more = [`CREATE TABLE t${timestamp} (id int PRIMARY KEY REFERENCES account (id))`, pause(random)];
    const [up, down] = bothWays(name, amount, more, [`DROP TABLE t${timestamp}`]);
    return { file: `${timestamp}-Table.sql`, text: sqlText('', up, down), names: [name], credit: amount };
  },
  function indexes(timestamp, amount, random) {
    const name = `Index${timestamp}`;
    const [one, two] = [`visit_n_${timestamp}`, `visit_id_${timestamp}`];
    const more = [
      `CREATE INDEX CONCURRENTLY ${one} ON visit (n, note)`,
      pause(random),
      `CREATE UNIQUE INDEX CONCURRENTLY ${two} ON visit (id)`,
      `ALTER TABLE visit ADD i${timestamp} int`,
    ];
    const undo = [
      `ALTER TABLE visit DROP COLUMN i${timestamp}`,
      `DROP INDEX CONCURRENTLY ${two}`,
      `DROP INDEX CONCURRENTLY ${one}`,
    ];
    const [up, down] = bothWays(name, amount, more, undo);
    const text = sqlText('-- transaction: false\n', up, down);
    return { file: `${timestamp}-Index.sql`, text, names: [name], credit: amount };
  },
  function batches(timestamp, amount) {
    const name = `Batches${timestamp}`;
    const column = `b${timestamp}`;
    const batch = (set: string, from: number): readonly string[] => [
      'BEGIN',
      `UPDATE visit SET ${set} WHERE id > ${from} AND id <= ${from + 1000}`,
      'COMMIT',
    ];
    const filled = [0, 1000, 2000].flatMap((from) => batch(`${column} = coalesce(${column}, 0) + n * 2`, from));
    const [up, down] = bothWays(
      name,
      amount,
      [`ALTER TABLE visit ADD ${column} int`, ...filled],
      [`ALTER TABLE visit DROP COLUMN ${column}`],
    );
    const text = classText(name, up, down, '  transaction = false;\n');
    return { file: `${timestamp}-Batches.js`, text, names: [name], credit: amount };
  },
  function backfill(timestamp, amount) {
    const name = `Backfill${timestamp}`;
    const column = `f${timestamp}`;
    const block = `DO $backfill$ BEGIN LOOP
  UPDATE visit SET ${column} = n * 2 WHERE id IN (SELECT id FROM visit WHERE ${column} IS NULL AND id <= ${visits} LIMIT 700);
  EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $backfill$`;
    const [up, down] = bothWays(
      name,
      amount,
      [`ALTER TABLE visit ADD ${column} int`, block],
      [`ALTER TABLE visit DROP COLUMN ${column}`],
    );
    const text = classText(name, up, down, '  transaction = false;\n');
    return { file: `${timestamp}-Backfill.js`, text, names: [name], credit: amount };
  },
  function changeOfSeveral(timestamp, amount, random) {
    const names = [`ManyStep1${timestamp - 2}`, `ManyStep2${timestamp - 1}`, `Many${timestamp}`];
    const texts = names.map((name, index) => {
      const column = `s${timestamp}_${index}`;
      const more = [`ALTER TABLE account ADD ${column} text DEFAULT 'x'`, pause(random)];
      const [up, down] = bothWays(name, amount, more, [`ALTER TABLE account DROP COLUMN ${column}`]);
      return classText(name, up, down, index === 2 ? `  static steps = 3;\n` : '');
    });
    return { file: `${timestamp}-Many.js`, text: texts.join('\n'), names, credit: amount * 3 };
  },
  function password(timestamp, amount) {
    const name = `Password${timestamp}`;
    const set = `ALTER ROLE ${role} PASSWORD '${marker}'; SELECT pg_sleep(0.15)`;
    const [up, down] = bothWays(name, amount, [set], ['SELECT 1']);
    return { file: `${timestamp}-Password.js`, text: classText(name, up, down), names: [name], credit: amount };
  },
];

/** Nothing but rows: what else is created twice would fail. */
const onlyRows: readonly Kind[] = [
  function inTransaction(timestamp, amount, random) {
    const name = `Rows${timestamp}`;
    const [up, down] = bothWays(name, amount, [pause(random)], ['SELECT 1']);
    return { file: `${timestamp}-Rows.js`, text: classText(name, up, down), names: [name], credit: amount };
  },
  function inSteps(timestamp, amount, random) {
    const name = `Steps${timestamp}`;
    const [up, down] = bothWays(name, amount, [pause(random)], ['SELECT 1']);
    const text = sqlText('-- transaction: false\n', up, down);
    return { file: `${timestamp}-Steps.sql`, text, names: [name], credit: amount };
  },
];

const base: Made = {
  file: '1700000000000-Base.sql',
  // Without a way back: what the rounds look at is made by it.
  text: `-- up\n${[
    'CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, old text)',
    `INSERT INTO account SELECT g, 0 FROM generate_series(1, ${accounts}) g`,
    'CREATE TABLE visit (id bigint PRIMARY KEY, n int NOT NULL, note text)',
    `INSERT INTO visit SELECT g, g % 97, md5(g::text) FROM generate_series(1, ${visits}) g`,
    'CREATE TABLE trail (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, direction text)',
    trail('Base1700000000000', 'up'),
  ].join(';\n')};\n`,
  names: ['Base1700000000000'],
  credit: 0,
};

/** A project of several migrations of different kinds; the last one is a contract migration, which only the second deploy knows. */
export function fireProject(random: Random, has: 'some kinds' | 'every kind'): FireProject {
  const some = random.shuffle(kinds).slice(0, has === 'every kind' ? kinds.length : 3 + random.below(4));
  const chosen = random.shuffle([...onlyRows, ...some]);
  const made = chosen.map((kind, index) => kind(1_700_000_000_010 + index * 10, 1 + random.below(9), random));
  const name = 'Contract1700000000990';
  const [up, down] = bothWays(name, 5, ['ALTER TABLE account DROP COLUMN old'], ['ALTER TABLE account ADD old text']);
  const text = sqlText('-- phase: contract\n', up, down);
  const contract: Made = { file: '1700000000990-Contract.sql', text, names: [name], credit: 5, contract: true };
  return { base, made: [...made, contract], first: 1 + random.below(made.length - 1) };
}

const settings = {
  contract: 'next-deploy',
  connect: { timeout: '15s' },
  lockTimeout: '1s',
  retryFor: '60s',
};

const app = `import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MigrationsModule } from 'nest-migrate';
import dataSource from './data-source.js';
const settings = JSON.parse(readFileSync('package.json', 'utf8'))['nest-migrate'];
class AppModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource, ...settings })] })(AppModule);
const line = (message) => process.stderr.write(String(message) + '\\n');
const logger = { log: line, warn: line, error: line, debug: line, verbose: line, fatal: line };
try {
  const booted = await NestFactory.createApplicationContext(AppModule, { abortOnError: false, logger });
  process.stdout.write(JSON.stringify({ booted: true }));
  await booted.close();
} catch (error) {
  const { code, message, next, migration, finished } = error;
  process.stdout.write(JSON.stringify({ error: { code: code ?? 'none', message, next, migration, finished } }));
  process.exitCode = 1;
}
`;

/** The files of a project folder: of the first of two deploys, or of the second, which has all. */
export function filesOf(
  { base: first, made, first: count }: FireProject,
  deploy: 'base' | 'first' | 'second',
  replyTimeout: string,
): Readonly<Record<string, string>> {
  const taken = { base: [], first: made.slice(0, count), second: made }[deploy];
  return {
    'package.json': JSON.stringify({
      name: 'fire',
      type: 'module',
      'nest-migrate': { ...settings, replyTimeout },
    }),
    'data-source.js': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: import.meta.dirname, migrations: ['migrations/*.{js,sql}'] });`,
    'app.js': app,
    ...Object.fromEntries([first, ...taken].map(({ file, text }) => [`migrations/${file}`, text])),
  };
}
