// For the tests of this example under Vitest: npx vitest run --config examples/blog/vitest.config.mjs
export default {
  test: { include: ['examples/blog/test/*.e2e-spec.ts'], hookTimeout: 60_000, testTimeout: 60_000 },
  // In a project with one test runner, the tests import its functions themselves.
  resolve: { alias: { '@jest/globals': 'vitest' } },
};
