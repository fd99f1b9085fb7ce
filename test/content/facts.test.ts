import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { factsOf, sqlFacts } from '../../src/content/facts.js';
import { importsOf } from '../../src/content/imports.js';
import { tokensOf } from '../../src/content/tokens.js';
import { sample } from '../support/sample.js';
import { readSources } from '../support/imports.js';

/** In an `up` method, of a file that imports what such a file does. */
const up = (body: string, imports = ''): string => `import { MigrationInterface, QueryRunner } from 'typeorm';
${imports}
export class A1 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> { ${body} }
  async down() {}
}`;

describe('a migration that always behaves the same', () => {
  it.each([
    up(
      'await queryRunner.query(`CREATE TABLE "a" ("at" timestamp DEFAULT now(), "by" uuid DEFAULT uuid_generate_v4())`);',
    ),
    up('await queryRunner.query("INSERT INTO a VALUES (now()) ON CONFLICT DO NOTHING");'),
    up("await queryRunner.createTable(new Table({ name: 'a' }));", "import { Table } from 'typeorm';"),
    up(
      'const rows = await queryRunner.query("SELECT id FROM a"); for (const { id } of rows) await queryRunner.query(`DROP TABLE t_${id}`);',
    ),
    up('await queryRunner.manager.query("SELECT 1"); await queryRunner.connection.manager.query("SELECT 1");'),
    up('queryRunner.connection.logger.log("warn", "done", queryRunner);'),
    up('const { Date: d } = {}; void d; // new Date(), process.env, Math.random()'),
    up('await queryRunner.query("-- new Date() Math.random() process.env manager");'),
    up("const a = 4 / 2; const b = a / 3; const c = /'/.test('x'); void [b, c];"),
    up('console.log(Math.max(1, 2), JSON.stringify({ process: 1, fetch: 2 }));'),
    up('await queryRunner.query(`CREATE TRIGGER t BEFORE UPDATE ON a EXECUTE FUNCTION f()`);'),
    up(
      'await queryRunner.query(`CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN NEW.at = now(); RETURN NEW; END $$ LANGUAGE plpgsql`);',
    ),
    // A renamed column, as `generate` writes it.
    up(
      "await queryRunner.query(`DO $a$ BEGIN EXECUTE format('ALTER TABLE %s ALTER b SET STATISTICS %s', name, 1); END $a$`); await queryRunner.query(`DO $b$ BEGIN started := clock_timestamp(); UPDATE t SET c = b; END $b$`); await queryRunner.query(`ALTER TABLE t ADD d date DEFAULT now()`);",
    ),
    up('', "import type { User } from '../user';\nimport { type Role } from '../role';"),
    up('await new Promise((done) => setTimeout(done, 1));'),
    'module.exports = class A1 { async up(q) { await q.query(`SELECT 1`); } };',
    'exports.A1 = class A1 { constructor() { this.name = "A1"; } async up(q) { await q.query("SELECT 1"); } };',
    'Object.defineProperty(exports, "__esModule", { value: true }); const typeorm_1 = require("typeorm"); class A1 { async up(q) { await q.createTable(new typeorm_1.Table({})); } } exports.A1 = A1;',
  ])('%s', (text) => expect(factsOf(text, 'migration').doubt).toBeUndefined());
});

describe('a migration that may behave differently another time', () => {
  it.each([
    ['Date', up('void Date.now();')],
    ['Date', up('void new Date();')],
    ['Date', up('const { now } = Date; void now;')],
    ['Date', up('const clock = true ? Object : Date; void clock;')],
    ['Math', up('void Math.random();')],
    ['Math', up('const { random } = Math; void random;')],
    ['Math', up("void Math['random']();")],
    ['crypto', up('void crypto.randomUUID();')],
    ['performance', up('void performance.now();')],
    ['fetch', up("await fetch('https://example.org');")],
    ['globalThis', up('void globalThis.Date;')],
    ['eval', up("eval('1');")],
    ['Function', up("new Function('return 1')();")],
    ['Intl', up('void Intl.DateTimeFormat();')],
    ['toLocaleString', up('void (1.5).toLocaleString();')],
    ['process', up('const { env } = process; void env;')],
    ['process', up("void process.env[['A', 'B'].join('')];")],
    ['process', up("process.env.A = '1';")],
    ['process', up("process.env.A ??= '1';")],
    ['process', up('void process.platform;')],
    ['import', up('void import.meta.env;')],
    ['made when it runs', up('await import(`./${1}`);')],
    ['made when it runs', up("require('./' + 1);")],
    ['made when it runs', up('const load = require; load(1);')],
    ['has dependencies', up('', '').replace('async up', 'constructor(private readonly config: Config) {} async up')],
    ['manager', up('await queryRunner.manager.save({});')],
    ['manager', up('const { manager } = queryRunner; void manager;')],
    ['manager', up('const { manager: m } = queryRunner; void m;')],
    ['manager', up("await queryRunner['manager'].save({});")],
    ['connection', up('void queryRunner.connection.options;')],
    ['getRepository', up('await x.getRepository(User).find();')],
    ['queryRunner[…]', up('await queryRunner[name]("SELECT 1");')],
    [
      'the moment',
      up(
        'const [{ m }] = await queryRunner.query("SELECT to_char(now(), \'YYYYMM\') AS m"); await queryRunner.query(`CREATE TABLE t_${m} ()`);',
      ),
    ],
    ['the moment', up('await queryRunner.query("CREATE TABLE a (at date DEFAULT \'today\')");')],
    [
      'the moment',
      up('await queryRunner.query("CREATE TABLE p PARTITION OF t FOR VALUES FROM (now()) TO (\'infinity\')");'),
    ],
    [
      'the moment',
      up(
        "await queryRunner.query(`DO $$ BEGIN EXECUTE format('CREATE TABLE t_%s ()', to_char(now(), 'YYYYMM')); END $$`);",
      ),
    ],
    ['for sure', up("if (x) /'/.test(x); void Date.now(); '/'")],
    ['for sure', 'const \\u0044 = 1;'],
  ])('%s: %s', (doubt, text) => expect(factsOf(text, 'migration').doubt).toContain(doubt));

  it.each([
    "DO $$ BEGIN EXECUTE 'CREATE TABLE t_' || to_char(current_date, 'YYYYMM') || ' ()'; END $$",
    'CREATE FUNCTION f() RETURNS void AS $f$ BEGIN IF random() > 0.5 THEN CREATE TABLE x (); END IF; END $f$ LANGUAGE plpgsql; SELECT f();',
    // One body executes what the other one, or the script, hands on.
    "CREATE FUNCTION f(text) RETURNS void AS $f$ BEGIN EXECUTE format($1, random()); END $f$ LANGUAGE plpgsql; SELECT f('CREATE TABLE t_%s ()');",
    "CREATE FUNCTION f(text) RETURNS void AS $f$ BEGIN EXECUTE format($1, random()); END $f$ LANGUAGE plpgsql; DO $g$ BEGIN PERFORM f('CREATE TABLE t_%s ()'); END $g$;",
  ])('SQL: %s', (sql) => expect(sqlFacts(sql).doubt).toBeDefined());
});

describe('an entity that a migration imports', () => {
  const entity = (property: string): string =>
    `import { Column, Entity } from 'typeorm';\n@Entity() export class User { constructor(data: object) {} ${property} }`;
  it.each([
    '@Column() createdAt: Date;',
    '@Column() readonly deletedAt?: Date | null;',
    'at!: Date = null!; days: Date[];',
    'is(x: unknown) { return x instanceof Date; }',
    '__decorate([Column(), __metadata("design:type", Date)], User.prototype, "at", void 0);',
  ])('may contain %s', (property) => expect(factsOf(entity(property), 'imported').doubt).toBeUndefined());
  it.each(['at = new Date();', 'stamp() { return Date.now(); }', 'clock = { clock: Date };'])(
    'must not contain %s',
    (property) => expect(factsOf(entity(property), 'imported').doubt).toBe('it uses Date'),
  );
});

describe('facts about a file', () => {
  it('include the environment variables that it names', () => {
    const text = up(
      "void [process.env.A, process.env['B'], process.env?.C, process.env.D === 'x', process.env.E || 1];",
    );
    expect(factsOf(text, 'migration').env).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it.each([
    ['files', "import { readFileSync } from 'fs';\nimport { join } from 'node:path';"],
    ['files', "import * as fs from 'node:fs';\nvoid fs.readFileSync('x'); void fs.promises.readFile('y');"],
    ['files', "const fs_1 = require('fs'); void (0, fs_1.readFileSync)('x');"],
    ['files', "const fs = __importStar(require('fs')); void fs.existsSync('x');"],
    ['folders', "import { readdir } from 'node:fs/promises';"],
    [undefined, "import type { Stats } from 'fs';"],
  ])('%s: %s', (reads, imports) => expect(factsOf(up('', imports), 'migration').reads).toBe(reads));

  it('include the names that it uses of its imports', () => {
    const text = `import a, { b as c, type D } from 'one'; import * as e from 'two'; import f = require('three'); import 'four';
const g = __importDefault(require('five')); const { h, i: j } = require('six'); export * from 'seven'; export { k } from 'eight';
export type { L } from 'nine'; import type M from 'ten'; import type from 'eleven';
a.x(); e.y(f); g.default.z(); void import('twelve'); require('thirteen').n(); type();`;
    const { imports, computed } = importsOf(tokensOf(text) ?? []);
    expect([Object.fromEntries(imports.map(({ specifier, names }) => [specifier, names])), computed]).toEqual([
      {
        one: ['x', 'b'],
        two: ['y'],
        three: undefined,
        four: [],
        five: ['z'],
        six: ['h', 'i'],
        seven: ['*'],
        eight: ['*'],
        eleven: undefined,
        twelve: ['*'],
        thirteen: ['n'],
      },
      false,
    ]);
  });
});

/** The words, texts and patterns of a file as TypeScript reads it. */
function asTypeScript(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
    const children = node.getChildren(source);
    children.forEach(visit);
    if (children.length > 0) return;
    const own = node.getText(source);
    if (ts.isStringLiteral(node)) found.push(own.slice(1, -1));
    else if (ts.isTemplateLiteralToken(node)) found.push(own.replace(/^[`}]/, '').replace(/(?:`|\$\{)$/, ''));
    else if (ts.isRegularExpressionLiteral(node)) found.push(own);
    else if (/^#?[\w$\u0080-\uffff]/.test(own) && !ts.isNumericLiteral(node) && !ts.isBigIntLiteral(node))
      found.push(own.replace(/^#/, ''));
  };
  visit(source);
  return found;
}

it('contain the same words, texts and imports as TypeScript finds, for every file here', () => {
  let unsure = 0;
  const all = ['src', 'test'].flatMap((folder) => readSources(resolve(folder))).map(({ path }) => path);
  const files = sample(all, 24);
  for (const name of files) {
    const file = [resolve('src', name), resolve('test', name)].find((one) => ts.sys.fileExists(one)) ?? '';
    const text = readFileSync(file, 'utf8');
    const tokens = tokensOf(text);
    if (tokens === undefined) {
      unsure += 1;
      continue;
    }
    const words = tokens.filter(({ kind }) => kind !== 'symbol' && kind !== 'number').map((token) => token.text);
    expect([file, words]).toEqual([file, asTypeScript(file, text)]);
    const found = new Set(importsOf(tokens).imports.map(({ specifier }) => specifier));
    const types = /^(?:import|export) type [^;]*? from '([^']+)'/gm;
    const onlyTypes = new Set([...text.matchAll(types)].map((match) => match[1]));
    const missing = ts
      .preProcessFile(text)
      .importedFiles.filter(({ fileName: one }) => !found.has(one) && !onlyTypes.has(one));
    expect([file, missing]).toEqual([file, []]);
  }
  expect(all.length).toBeGreaterThan(400);
  expect(unsure).toBeLessThan(files.length / 50);
});
