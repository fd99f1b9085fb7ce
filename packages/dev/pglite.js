export { PGlite } from '@electric-sql/pglite';

/** An extension that comes with PGlite, by its name there: each one is loaded only when it is asked for. */
export async function contributed(name) {
  return (await import(`@electric-sql/pglite/contrib/${name}`))[name];
}
