export { defineDataSource } from './define.js';
export type { DefineDataSourceOptions } from './define.js';
export { Backfill, RenamedFrom } from '../decorators.js';
