// Preloaded into each Node process of a command: says at its end how much memory it had at most.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  process.on('exit', () => writeFileSync(join(process.env.BENCH_MEMORY, String(process.pid)), String(peak())));
}

/** resourceUsage().maxRSS begins with what the parent had when it forked; Linux knows better. */
function peak() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
