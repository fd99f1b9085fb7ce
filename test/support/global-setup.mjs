import { execFileSync } from 'node:child_process';
import { startServer } from './server.mjs';

/** One real PostgreSQL for the whole run, and a fresh build, because the command is tested as it is shipped. */
export default async function setup() {
  endWith(Number(process.env['TEST_RUNNER_PID']));
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
  const server = await startServer();
  process.env['TEST_SERVER_URL'] = server.url;
  process.env['TEST_SERVER_LOG'] = server.logFile;
  globalThis.testServer = server;
}

/** When the script that started jest is killed, jest must not go on alone; the server's watchdog then ends the server. */
function endWith(runner) {
  if (process.ppid !== runner) return;
  setInterval(() => process.ppid === runner || process.kill(process.pid, 'SIGKILL'), 500).unref();
}
