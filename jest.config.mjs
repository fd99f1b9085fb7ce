/**
 * Files of which there is no short form: packed apps are installed from the registry, which takes minutes; the others try many versions of
 * an app or of TypeORM, hundreds of migrations, or changes at random, or watch memory and large tables. `npm run acceptance` runs them too.
 */
const long = [
  '/test/packed/',
  '/test/data-source/database-image.',
  '/test/dev/property.',
  '/test/generate/definitions.',
  '/test/generate/one-at-a-time.',
  '/test/generate/online.',
  '/test/generate/property.',
  '/test/generate/rolling.',
  '/test/lint/corpus.',
  '/test/shadow/catalog-stamp.',
  '/test/typeorm/versions.',
];

/** Tests run the sources as native ES modules; a real PostgreSQL is started once for the whole run. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/examples/blog/test/*.e2e-spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(process.env.ACCEPTANCE === 'full' ? [] : long)],
  // What the bench has installed and written is no part of the project.
  modulePathIgnorePatterns: ['<rootDir>/bench/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
        },
        module: { type: 'es6' },
      },
    ],
  },
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // The modules of each file stay in memory, and collecting such a heap takes longer than a new worker.
  workerIdleMemoryLimit: '500MB',
  // A machine can be many times as slow as usual, for example beside something else: this only ends what hangs.
  testTimeout: 600_000,
};
