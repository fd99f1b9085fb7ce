/** The patterns that `defineDataSource` uses by default. */
export const standardPatterns = {
  entities: ['src/**/*.entity.{ts,js}'],
  migrations: ['migrations/*.{ts,mts,cts,js,mjs,cjs,sql}'],
};
