import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** What the figures were measured on. */
export function describeMachine(dataFolder) {
  const [{ model }] = cpus();
  return {
    processor: `${cpus().length} × ${model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${distribution()}, ${type()} ${release()}, data on ${fileSystemOf(dataFolder)}`,
    node: process.version,
  };
}

function distribution() {
  try {
    return /^PRETTY_NAME="(.+)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))[1];
  } catch {
    return process.platform;
  }
}

function fileSystemOf(dir) {
  try {
    return execFileSync('stat', ['-f', '-c', '%T', dir], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'the disk';
  }
}
