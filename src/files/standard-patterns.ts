/** What a data source of `defineDataSource` has where nothing else is said. */
export const standardPatterns = {
  entities: ['src/**/*.entity.{ts,js}'],
  migrations: ['migrations/*.{ts,mts,cts,js,mjs,cjs,sql}'],
};
