import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { violations } from './support/arrows.js';
import { readSources, scan } from './support/imports.js';

interface Broken {
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
  readonly says: string;
}

/** One small tree for each rule, and what the check must say about it. */
const broken: readonly Broken[] = [
  {
    rule: 'arrows point downward',
    files: { 'database/lock.ts': `import { run } from '../commands/run.js';` },
    says: 'database/lock.ts imports commands/run.ts: database must not know commands.',
  },
  {
    rule: 'types follow the arrows too',
    files: { 'schema/read.ts': `import type { Plan } from '../plan/plan.js';` },
    says: 'schema/read.ts imports plan/plan.ts: schema must not know plan.',
  },
  {
    rule: 'a type in the middle of the code is an import',
    files: { 'files/list.ts': `let ledger: import('../database/ledger.js').Ledger;` },
    says: 'files/list.ts imports database/ledger.ts: files must not know database.',
  },
  {
    rule: 'handing on is importing',
    files: { 'commands/run.ts': `export { createMigrator } from '../migrator.js';` },
    says: 'commands/run.ts imports migrator.ts: commands must not know migrator.',
  },
  {
    rule: 'nest does not know cli',
    files: { 'nest/module.ts': `const io = await import('../cli/io.js');` },
    says: 'nest/module.ts imports cli/io.ts: nest must not know cli.',
  },
  {
    rule: 'cli does not know nest',
    files: { 'cli/main.ts': `import { MigrationsModule } from '../nest/migrations.module.js';` },
    says: 'cli/main.ts imports nest/migrations.module.ts: cli must not know nest.',
  },
  {
    rule: 'plan and rules are ignorant of each other',
    files: { 'plan/a.ts': `import '../rules/a.js';`, 'rules/b.ts': `import '../plan/b.js';` },
    says: 'plan/a.ts imports rules/a.ts: plan must not know rules.\nrules/b.ts imports plan/b.ts: rules must not know plan.',
  },
  {
    rule: 'the foundation imports nothing',
    files: { 'errors.ts': `import type { Row } from './events.js';`, 'options.ts': `import './version.js';` },
    says: 'errors.ts imports events.ts: errors must not know events.\noptions.ts imports version.ts: options must not know version.',
  },
  {
    rule: 'app is loaded by cli only when asked for',
    files: { 'cli/connect.ts': `import { loadApp } from '../app/load-app.js';` },
    says: 'cli/connect.ts imports app/load-app.ts when it is loaded: app is only loaded when it is asked for.',
  },
  {
    rule: 'sql has one door',
    files: { 'database/lock.ts': `import { settingOf } from '../sql/setting.js';` },
    says: 'database/lock.ts imports sql/setting.ts: what others may use of sql is in sql/index.ts.',
  },
  ...[
    `/^\\s*CREATE\\s+INDEX/i.test(sql)`,
    `sql.startsWith('BEGIN')`,
    `['COMMIT', 'ROLLBACK'].includes(word)`,
    `new RegExp(\`^DROP \${kind}\`)`,
    `new RegExp(String.raw\`CREATE\\s+(\${name})\`)`,
    `sql.replace(/--[^\\n]*/g, '')`,
  ].map((code) => ({
    rule: `SQL is read in one place: ${code}`,
    files: { 'database/lock.ts': `const found = ${code};` },
    says: `database/lock.ts reads SQL at 1: ${code.replace(/^(?:sql\.replace\()?(\/.*\/\w).*$/, '$1')}: ask classify of sql/index.ts.`,
  })),
  {
    rule: 'SQL is read in one place: a case of a switch',
    files: { 'database/lock.ts': `switch (word) {\n  case 'COMMIT':\n}` },
    says: `database/lock.ts reads SQL at 2: case 'COMMIT':: ask classify of sql/index.ts.`,
  },
  {
    rule: 'typescript is for cli and app',
    files: { 'nest/module.ts': `import { registerTypeScript } from '../typescript/register.js';` },
    says: 'nest/module.ts imports typescript/register.ts: nest must not know typescript.',
  },
  {
    rule: 'a new folder needs its arrows',
    files: { 'utils/strings.ts': '' },
    says: 'utils/strings.ts lies in utils, for which no arrow is drawn yet: add it to the table.',
  },
  {
    rule: 'typeorm is used in a few folders',
    files: { 'commands/run.ts': `import { DataSource } from 'typeorm';\nimport type { QueryRunner } from 'typeorm';` },
    says: 'commands/run.ts imports typeorm, which belongs in typeorm, shadow, nest, data-source only.',
  },
  {
    rule: 'a deep import is an import',
    files: { 'cli/main.ts': `require('typeorm/driver/Driver.js');` },
    says: 'cli/main.ts imports typeorm/driver/Driver.js, which belongs in typeorm only.',
  },
  {
    rule: "TypeORM's internals have a room, for their types too",
    files: {
      'shadow/a.ts': `import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';`,
      'database/session.ts': `Object.assign(queryRunner, { transactionDepth: 1 });`,
    },
    says: [
      'shadow/a.ts imports typeorm/metadata/ColumnMetadata.js, which belongs in typeorm only.',
      'database/session.ts uses transactionDepth of TypeORM: its internals are known in typeorm/ only.',
    ].join('\n'),
  },
  {
    rule: 'what development needs is loaded where nest-migrate-dev is installed',
    files: {
      'data-source/embedded.ts': `import { PGlite } from '@electric-sql/pglite';`,
      'schema/engine.ts': `const engine = await import('nest-migrate-dev/pg-delta');`,
    },
    says: [
      'data-source/embedded.ts imports @electric-sql/pglite, which belongs in packages/dev only.',
      'schema/engine.ts imports nest-migrate-dev/pg-delta, which belongs in development only.',
    ].join('\n'),
  },
  {
    rule: 'Nest stays in nest and app, its types as well',
    files: { 'migrator.ts': `import type { Type } from '@nestjs/common';` },
    says: 'migrator.ts imports @nestjs/common, which belongs in nest, nest-commands, app only.',
  },
  {
    rule: 'only cli talks to the terminal',
    files: {
      'commands/run.ts': `console.log(1);\nprocess.stdout.write('');\nprocess.exit(1);`,
      'cli/io.ts': `process.exit(0);`,
    },
    says: ['console.log', 'process.stdout', 'process.exit']
      .map((use) => `commands/run.ts uses ${use}: only cli talks to the terminal.`)
      .join('\n'),
  },
  {
    rule: 'errors have a code',
    files: { 'files/list.ts': `function f() {\n  throw new Error('no');\n}` },
    says: 'files/list.ts throws a bare Error: a failure is a MigrateError with a code and the next step.',
  },
  {
    rule: 'files stay short',
    files: { 'files/list.ts': `// a line\n`.repeat(301) },
    says: 'files/list.ts has 301 lines, more than 300.',
  },
  ...[
    ['f', 'function f() {', '}'],
    ['g', 'const g = async () => {', '};'],
    ['close', 'export class Lock {\n  async close() {', '  }\n}'],
    ['a function', 'export default [() => {', '}];'],
  ].map(([name, first, last]) => ({
    rule: `functions fit on a screen: ${name}`,
    files: { 'files/list.ts': `${first}\n${'    work();\n'.repeat(59)}${last}` },
    says: `files/list.ts: ${name} has 61 lines, more than 60.`,
  })),
  {
    rule: 'no cycles, not even of types',
    files: {
      'files/a.ts': `import { b } from './b.js';`,
      'files/b.ts': `import { c } from './c.js';`,
      'files/c.ts': `import type { A } from './a.js';`,
    },
    says: 'Import cycle: files/a.ts → files/b.ts → files/c.ts → files/a.ts.',
  },
];

const allowed = {
  'database/ledger.ts': `import { type QueryRunner } from 'typeorm';\nimport { read } from '../schema/read.js';`,
  'typeorm/driver.ts': `import { DataSource } from 'typeorm';\nqueryRunner.transactionDepth = 1;`,
  'commands/run.ts': `import { believe } from '../typeorm/query-runner.js';\nimport { type QueryRunner } from 'typeorm';\nimport { hold } from '../database/lock.js';`,
  'database/lock.ts': `// console.log(1); import '../cli/io.js'\nexport const text = "import 'typeorm'; throw new Error()";`,
  'rules/a.ts': `const isDrop = command.subtype === 'AT_DropColumn' || ['CONSTR_UNIQUE'].includes(type); if (mode === 'ACCESS EXCLUSIVE') query('SELECT 1');`,
  'sql/classify.ts': `const isBegin = /^BEGIN/.test(sql);`,
  'cli/connect.ts': `const { loadApp } = await import('../app/load-app.js');\nconsole.error('');`,
  'observe/parser.ts': `import type { Node } from 'nest-migrate-dev/libpg-query';`,
};

const check = (files: Readonly<Record<string, string>>): readonly string[] =>
  violations(Object.entries(files).map(([path, text]) => scan(path, text)));

describe('the architecture', () => {
  it('holds for every file in src', () => {
    const sources = readSources(resolve('src'));
    expect(sources.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['index.ts', 'migrator.ts', 'cli/main.ts', 'nest/migrations.module.ts']),
    );
    expect(violations(sources)).toEqual([]);
  });

  it.each(broken)('reports a violation: $rule', ({ files, says }) => {
    expect(check(files).join('\n')).toBe(says);
  });

  it('allows permitted imports', () => {
    expect(check(allowed)).toEqual([]);
  });
});
