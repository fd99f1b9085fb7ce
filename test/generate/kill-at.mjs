// Preloaded into the command: it dies by SIGKILL before it sends its n-th statement, or a moment after, while the server is at it; or never,
// and then it says how many there were.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [when, at, log] = [process.env.KILL_WHEN, Number(process.env.KILL_AT), process.env.KILL_LOG];
const require = createRequire(join(process.cwd(), 'package.json'));
const { Client } = require('pg');
const { appendFileSync } = require('node:fs');
const { query } = Client.prototype;
let count = 0;
if (when === 'never') process.on('exit', () => appendFileSync(log, String(count)));

Client.prototype.query = function (config, ...rest) {
  const text = typeof config === 'string' ? config : (config?.text ?? '');
  // Asking for the lock and looking who is in the way happens whenever it happens.
  if (/advisory|pg_blocking_pids|^SHOW server_version/.test(text)) return query.call(this, config, ...rest);
  count += 1;
  if (count === at) appendFileSync(log, text.replace(/\s+/g, ' ').slice(0, 200));
  if (count === at && when === 'before') die();
  const result = query.call(this, config, ...rest);
  if (count === at) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.KILL_AFTER ?? 3));
    die();
  }
  return result;
};

function die() {
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered before anything else happens.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}
