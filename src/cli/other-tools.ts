/** A command of another migration tool, and the equivalent of this one. */
export interface OtherCommand {
  readonly word: string;
  /** The command without `nest-migrate`. */
  readonly ours: string;
  /** The difference that would surprise users of the other tool. */
  readonly differs?: string;
}

const fromEntities = 'It compares the entities with the migrations, not with the database.';
const byChange = 'It reverts the last change; for everything that the last run applied, add --last-run.';
const upToNow = 'It runs all pending migrations; for one change only, add --count 1.';

/** Commands of TypeORM, Prisma, Drizzle, Knex, Flyway, Liquibase, Alembic, Django, Rails, Doctrine and Atlas. */
export const otherTools: readonly OtherCommand[] = [
  { word: 'migration:run', ours: 'run' },
  {
    word: 'migration:generate',
    ours: 'generate',
    differs: 'It compares the entities with the migrations, not with the database, and takes a name instead of a path.',
  },
  {
    word: 'migration:revert',
    ours: 'revert',
    differs: 'A change may consist of several migrations; --step reverts only the last one.',
  },
  { word: 'migration:show', ours: 'status' },
  { word: 'migration:create', ours: 'create', differs: 'It takes a name instead of a path.' },
  {
    word: 'schema:sync',
    ours: 'generate',
    differs: 'The schema is never changed without a migration: generate writes one, run applies it.',
  },
  { word: 'schema:log', ours: 'generate --dry-run', differs: fromEntities },
  { word: 'migrate', ours: 'run', differs: 'It applies migrations; generate writes them.' },
  { word: 'deploy', ours: 'run' },
  { word: 'apply', ours: 'run' },
  { word: 'up', ours: 'run', differs: upToNow },
  { word: 'latest', ours: 'run' },
  { word: 'upgrade', ours: 'run', differs: 'To stop at a migration, add --to <migration>.' },
  { word: 'down', ours: 'revert', differs: byChange },
  { word: 'rollback', ours: 'revert', differs: byChange },
  { word: 'undo', ours: 'revert', differs: byChange },
  { word: 'downgrade', ours: 'revert', differs: 'To go back to a migration, add --to <migration>.' },
  {
    word: 'reset',
    ours: 'fresh',
    differs: 'It drops everything and runs all migrations again; revert --all reverts them one by one.',
  },
  { word: 'refresh', ours: 'fresh', differs: 'It drops everything instead of reverting the migrations one by one.' },
  { word: 'wipe', ours: 'database drop', differs: 'For an empty database, follow it with database create.' },
  { word: 'db:create', ours: 'database create' },
  { word: 'db:drop', ours: 'database drop' },
  {
    word: 'stamp',
    ours: 'run --fake',
    differs: 'To start using migrations on a database that synchronize has created, use baseline.',
  },
  { word: 'makemigrations', ours: 'generate', differs: fromEntities },
  {
    word: 'diff',
    ours: 'generate --dry-run',
    differs: 'It compares the entities with the migrations; drift compares a database with them.',
  },
  {
    word: 'push',
    ours: 'generate',
    differs: 'The schema is never changed without a migration: generate writes one, run applies it.',
  },
  { word: 'show', ours: 'status' },
  { word: 'list', ours: 'status' },
  { word: 'info', ours: 'status' },
];
