export { defineDataSource } from './define.js';
export type { DefineDataSourceOptions } from './define-options.js';
export { Backfill, RenamedFrom } from '../decorators.js';
