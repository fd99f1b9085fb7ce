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
