import { defineDataSource } from 'nest-migrate/data-source';

// The one place where the connection is written: the app imports it, and nest-migrate and TypeORM's own CLI read it too.
// Where the database is comes from DATABASE_URL, in the environment or in .env (see .env.example); without it, an embedded
// PostgreSQL in .nest-migrate/ is used.
export default defineDataSource({
  baseDir: import.meta.dirname,
  import: (file) => import(file),
  entities: ['examples/blog/src/**/*.entity.{ts,js}'],
  migrations: ['migrations/*.{ts,js,sql}'],
});
