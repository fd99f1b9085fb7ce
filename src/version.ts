/** Kept equal to package.json by a test. */
export const packageVersion = '0.2.0';
/** Of all that this build contains: a hash of it, which scripts/build.mjs puts here. */
export const buildId = 'BUILD_ID_OF_NEST_MIGRATE';
