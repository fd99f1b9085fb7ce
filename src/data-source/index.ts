export { defineDataSource } from './define.js';
export type { DefineDataSourceOptions } from './define.js';
