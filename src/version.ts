/** Kept equal to package.json by a test. */
export const packageVersion = '0.2.0';

/** What `generate` needs in development, each in the version that it was tested with. Kept equal to package.json by a test. */
export const pglite = '@electric-sql/pglite@0.5.16';
export const pgDelta = '@supabase/pg-delta@1.0.0-alpha.34';
/** What `lint` and `plan` need beside them. */
export const libpgQuery = 'libpg-query@18.1.5';
