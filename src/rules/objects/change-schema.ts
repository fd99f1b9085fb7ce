import { nodeOf } from '../../observe/parser.js';
import { called, ident, sqlName, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isMade } from './named.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const changeSchema: Rule = {
  name: 'change-schema',
  severity: 'error',
  title: 'A table moves to another schema, or its schema is renamed.',
  why: 'From the commit on, the old version of the app fails, because it looks for the table in its old schema. A view there can pass on its reads and writes. For a whole schema, the search_path of the role can name both schemas, provided no statement names the schema. In a contract migration, the change is fine.',
  check: eachStatement((statement, { phase, statements }, { batch }) => {
    if (phase === 'contract') return;
    const rename = nodeOf(statement.tree, 'RenameStmt');
    if (rename?.renameType === 'OBJECT_SCHEMA') {
      const { subname: name = '', newname = '' } = rename;
      if (isMade('schema', [name], statement, batch)) return;
      return [
        {
          message: `Every statement that names the schema ${name} fails: its new name is ${newname}.`,
          advice: `-- In the same transaction, for each table that the old version of the app uses; drop the views in a contract migration:\nCREATE SCHEMA ${ident(name)};\nCREATE VIEW ${ident(name)}.… AS SELECT * FROM ${ident(newname)}.…;`,
        },
      ];
    }
    const move = nodeOf(statement.tree, 'AlterObjectSchemaStmt');
    const table = tableInUse(statement, move?.relation);
    if (!move || !table || table.kind === 'sequence') return;
    const rest = statements.slice(statements.indexOf(statement) + 1);
    if (rest.some(({ tree }) => nodeOf(tree, 'ViewStmt')?.view?.relname === table.name)) return;
    const now = { schema: move.newschema ?? '', name: table.name };
    return [
      {
        message: `The old version of the app no longer finds ${called(table)}, which is now ${called(now)}.`,
        advice: [
          '-- In the same transaction; drop the view in a contract migration:',
          `ALTER TABLE ${sqlName(table)} SET SCHEMA ${ident(now.schema)};`,
          `CREATE VIEW ${sqlName(table)} AS SELECT * FROM ${sqlName(now)};`,
        ].join('\n'),
      },
    ];
  }),
  bad: [
    { given: `CREATE SCHEMA shop; ${users}`, sql: 'ALTER TABLE users SET SCHEMA shop' },
    { given: 'CREATE SCHEMA "Shop"; CREATE TABLE "Shop".a (id int)', sql: 'ALTER SCHEMA "Shop" RENAME TO store' },
  ],
  good: [
    {
      given: `CREATE SCHEMA shop; ${users}`,
      sql: 'ALTER TABLE users SET SCHEMA shop; CREATE VIEW users AS SELECT * FROM shop.users',
    },
    { given: `CREATE SCHEMA shop; ${users}`, sql: 'ALTER TABLE users SET SCHEMA shop', phase: 'contract' },
    { sql: `CREATE SCHEMA shop; ALTER SCHEMA shop RENAME TO store; ${users}; ALTER TABLE users SET SCHEMA store` },
  ],
};
