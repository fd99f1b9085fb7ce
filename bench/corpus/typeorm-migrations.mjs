import { quoted } from './files.mjs';

/** The files of a migrations folder, as TypeScript, or as `tsc` compiles them for CommonJS. */
export function typeormMigrations(migrations, language) {
  const write = language === 'ts' ? typescript : javascript;
  return Object.fromEntries(
    migrations.map((migration) => [
      `migrations/${migration.timestamp}-${migration.name}.${language}`,
      write(migration),
    ]),
  );
}

const queries = (statements) => statements.map((sql) => `        await queryRunner.query(${quoted(sql)});`).join('\n');

const typescript = ({ name, timestamp, up, down }) => `import { MigrationInterface, QueryRunner } from 'typeorm';

export class ${name}${timestamp} implements MigrationInterface {
    name = '${name}${timestamp}';

    public async up(queryRunner: QueryRunner): Promise<void> {
${queries(up)}
    }

    public async down(queryRunner: QueryRunner): Promise<void> {
${queries(down)}
    }
}
`;

const javascript = ({ name, timestamp, up, down }) => `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.${name}${timestamp} = void 0;
class ${name}${timestamp} {
    name = '${name}${timestamp}';
    async up(queryRunner) {
${queries(up)}
    }
    async down(queryRunner) {
${queries(down)}
    }
}
exports.${name}${timestamp} = ${name}${timestamp};
`;
