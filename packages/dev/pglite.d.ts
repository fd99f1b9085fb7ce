export { PGlite } from '@electric-sql/pglite';

/** An extension that comes with PGlite, by its name there: each one is loaded only when it is asked for. */
export declare function contributed(name: string): Promise<object>;
