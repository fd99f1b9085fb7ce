/** The files that `init` writes. */

export function dataSourceText(kind: 'esm' | 'cjs'): string {
  return `import { defineDataSource } from 'nest-migrate/data-source';

// The one place where the connection is written: the app imports it, and nest-migrate and TypeORM's own CLI read it too.
// Where the database is comes from DATABASE_URL, in the environment or in .env (see .env.example).
export default defineDataSource({
  baseDir: ${kind === 'esm' ? 'import.meta.dirname' : '__dirname'},
  entities: ['src/**/*.entity.{ts,js}'],
  migrations: ['migrations/*.{ts,js,sql}'],
});
`;
}

export const envExample = `# Copy this file to .env, which git ignores, and fill it in. What is set in the environment wins over .env.

# Where the database is. Without it (and without PGHOST) an embedded PostgreSQL in .nest-migrate/ is used, in development only.
# DATABASE_URL=postgres://user:password@localhost:5432/database

# Or, instead of DATABASE_URL, the variables that psql knows:
# PGHOST=localhost
# PGPORT=5432
# PGUSER=user
# PGPASSWORD=password
# PGDATABASE=database
# PGSSLMODE=disable

# Only for migrations, where the app itself connects through a pooler such as PgBouncer: the address of the server behind it.
# NEST_MIGRATE_DATABASE_URL=postgres://user:password@localhost:5432/database

# What the app does when it starts: run, check, wait, revert or off. Overrides onBootstrap of MigrationsModule.
# NEST_MIGRATE_ON_BOOTSTRAP=run
`;

export const gitignoreLines = ['.env', '.nest-migrate/'];
