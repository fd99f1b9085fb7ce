import { afterEach, beforeEach } from '@jest/globals';
import { createDatabase } from './database.js';
import type { TestDatabase } from './database.js';
import type { TestProject } from './project.js';

/** What a test has to itself. */
interface PerTest {
  database: TestDatabase;
  /** Made by the test. */
  project: TestProject;
}

/** A database for each test of a file, dropped after it together with the project that the test has made. */
export function perTest(): PerTest {
  const own = {} as PerTest;
  beforeEach(async () => {
    own.database = await createDatabase();
  });
  afterEach(async () => {
    own.project.remove();
    await own.database.drop();
  });
  return own;
}
