import { execFileSync } from 'node:child_process';
import { startServer } from './server.mjs';
/** One real PostgreSQL for the whole run, and a fresh build, because the command is tested as it is shipped. */
export default async function setup() {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  const server = await startServer();
  process.env['TEST_SERVER_URL'] = server.url;
  process.env['TEST_SERVER_LOG'] = server.logFile;
  globalThis.testServer = server;
}
