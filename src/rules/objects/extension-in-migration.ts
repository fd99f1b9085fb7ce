import { nodeOf } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { quoteName } from '../../sql/index.js';

export const extensionInMigration: Rule = {
  name: 'extension-in-migration',
  severity: 'notice',
  optional: true,
  title: 'A migration creates, updates or drops an extension.',
  why: 'Most extensions can be created only by a superuser or by a role that the provider allows, and their files must be installed on the server. If migrations run with the role of the app, the statement may fail on some servers only. The version of the extension depends on the server.',
  check: eachStatement(({ tree }) => {
    const created = nodeOf(tree, 'CreateExtensionStmt')?.extname;
    const altered = nodeOf(tree, 'AlterExtensionStmt')?.extname;
    const drop = nodeOf(tree, 'DropStmt')?.removeType === 'OBJECT_EXTENSION';
    if (created === undefined && altered === undefined && !drop) return;
    const name = created ?? altered;
    return [
      {
        message: `The role that runs the migrations must be allowed to do this${name === undefined ? '' : `, and ${name} must be installed,`} on every server.`,
        fix:
          created === undefined
            ? undefined
            : `-- Run once in each database, with a role that may create extensions; the migration can keep its own statement:\nCREATE EXTENSION IF NOT EXISTS ${quoteName(created)};`,
      },
    ];
  }),
  bad: [
    { sql: 'CREATE EXTENSION IF NOT EXISTS plpgsql' },
    { given: 'CREATE EXTENSION IF NOT EXISTS plpgsql', sql: 'ALTER EXTENSION plpgsql UPDATE' },
  ],
  good: [{ sql: 'CREATE SCHEMA shop' }, { sql: 'CREATE TABLE users (id int PRIMARY KEY)' }],
};
