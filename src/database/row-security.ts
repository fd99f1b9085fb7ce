/** An UPDATE then fails (42501), where it would otherwise leave out the rows that a policy hides from the migrating role. */
export const everyRow = 'SET LOCAL row_security = off';
