import type { MigrationName } from './name.js';

export type Template = 'ts' | 'esm' | 'cjs' | 'sql';

/** The text of a new, empty migration. */
export function renderEmpty({ name }: MigrationName, template: Template): string {
  if (template === 'sql') return '-- up\n\n\n-- down\n\n';
  const typed = template === 'ts';
  const runner = typed ? 'queryRunner: QueryRunner): Promise<void>' : 'queryRunner)';
  const head = {
    ts: `import type { MigrationInterface, QueryRunner } from 'typeorm';\n\nexport class ${name} implements MigrationInterface {\n  name = '${name}';\n`,
    esm: `export class ${name} {\n  name = '${name}';\n`,
    cjs: `module.exports.${name} = class ${name} {\n  name = '${name}';\n`,
  }[template];
  const access = typed ? 'public ' : '';
  return `${head}
  ${access}async up(${runner} {
    // await queryRunner.query(\`ALTER TABLE "users" ADD "email" text\`);
  }

  ${access}async down(${runner} {
    // await queryRunner.query(\`ALTER TABLE "users" DROP COLUMN "email"\`);
  }
}${template === 'cjs' ? ';' : ''}
`;
}

/** The text of a new migration that fills rows in batches. */
export function renderData({ name }: MigrationName, template: Template): string {
  const isTyped = template === 'ts';
  const [given, result, access] = isTyped
    ? ['queryRunner: QueryRunner', ': Promise<void>', 'public ']
    : ['queryRunner', '', ''];
  const head = {
    ts: `import { backfill } from 'nest-migrate';\nimport type { MigrationInterface, QueryRunner } from 'typeorm';\n\nexport class ${name} implements MigrationInterface {`,
    esm: `import { backfill } from 'nest-migrate';\n\nexport class ${name} {`,
    cjs: `const { backfill } = require('nest-migrate');\n\nmodule.exports.${name} = class ${name} {`,
    sql: '',
  }[template];
  return `${head}
  name = '${name}';
  /** Each batch has its own transaction. */
  transaction = false;

  ${access}async up(${given})${result} {
    // await backfill(queryRunner, { table: 'users', set: \`country = 'DE'\`, where: 'country IS NULL' });
  }

  ${access}async down()${result} {
    // The filled values stay.
  }
}${template === 'cjs' ? ';' : ''}
`;
}
