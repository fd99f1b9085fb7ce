import type { Template } from './template.js';

const sql = `-- seed: once
-- environments: development, test

-- INSERT INTO users (name) VALUES ('Ada');
`;

/** The text of a new seed. */
export function renderSeed(name: string, template: Template): string {
  if (template === 'sql') return sql;
  const isTyped = template === 'ts';
  const head = {
    ts: `import type { Seed } from 'nest-migrate';\nimport type { QueryRunner } from 'typeorm';\n\nexport class ${name} implements Seed {`,
    esm: `export class ${name} {`,
    cjs: `module.exports.${name} = class ${name} {`,
  }[template];
  const [fixed, given, result] = isTyped
    ? ['static readonly', 'queryRunner: QueryRunner', ': Promise<void>']
    : ['static', 'queryRunner', ''];
  return `${head}
  /** 'once' for each database, or 'always'. */
  ${fixed} when = 'once';
  /** Values of NODE_ENV; without this, every environment. */
  ${fixed} environments = ['development', 'test'];

  async run(${given})${result} {
    // await queryRunner.manager.save(User, [{ name: 'Ada' }]);
  }
}${template === 'cjs' ? ';' : ''}
`;
}
