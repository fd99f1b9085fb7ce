/** Kept equal to package.json by a test. */
export const packageVersion = '0.2.0';
