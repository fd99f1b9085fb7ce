/** Makes an UPDATE fail (42501) if a policy hides rows from the migrating role. Otherwise it would silently leave them out. */
export const everyRow = 'SET LOCAL row_security = off';
