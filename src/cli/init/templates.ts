import { readFileSync } from 'node:fs';
import { packageFile } from '../package-file.js';

/** The files that `init` writes. */

/** Relative to the folder of the file itself, so that the same patterns match its compiled form. */
export function dataSourceText({
  kind,
  entities,
  migrations,
  ledger,
}: {
  readonly kind: 'esm' | 'cjs';
  /** Both are relative to the folder of the file. */
  readonly entities: readonly string[];
  readonly migrations: string;
  /** Undefined for the usual one. */
  readonly ledger: string | undefined;
}): string {
  return `import { defineDataSource } from 'nest-migrate/data-source';

// The connection is defined only here: the app imports it, and nest-migrate and TypeORM's own CLI read it too.
// DATABASE_URL, in the environment or in .env, says where the database is (see .env.example).
export default defineDataSource({
  baseDir: ${kind === 'esm' ? 'import.meta.dirname' : '__dirname'},
${kind === 'esm' ? '  import: (file) => import(file), // so that Vitest loads entities and migrations as it loads the app\n' : ''}  entities: [${entities.map((pattern) => `'${pattern}'`).join(', ')}],
  migrations: ['${migrations}/*.{ts,js,sql}'],
${ledger === undefined ? '' : `  migrationsTableName: '${ledger}', // its own ledger, because other services may use the same database\n`}});
`;
}

/** The same text as in this project itself. It comes with the package. */
export function envExample(): string {
  return readFileSync(packageFile('.env.example'), 'utf8');
}

export const gitignoreLines = ['.env', '.nest-migrate/'];
