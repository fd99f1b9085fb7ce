export { createTestDatabase } from './test-database.js';
export type { TestDatabase } from './test-database.js';
export type { TestDatabaseOptions } from './project.js';
export { overrideDataSource } from '../nest/override-data-source.js';
export type { ModuleBuilder, ReplacingDatabase } from '../nest/override-data-source.js';
export type { Extensions as EmbeddedExtensions } from '../data-source/pglite.js';
export type { Instantiate, MigrationClass, Purpose as InstantiatePurpose } from '../files/migration.js';
export type { PostgresOptions } from '../data-source/define-options.js';
