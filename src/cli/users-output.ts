import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [stdout, stderr] = [1, 2];

/**
 * What the user's code prints is not the result of a command: it goes to stderr, however it is written. Loggers such as pino write to the
 * file descriptor. Returns what ends this.
 */
export function divertUsersOutput(): () => void {
  const { write: print } = process.stdout;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const { write, writeSync, writev, writevSync } = fs;
  type Write = (fd: number, ...given: readonly unknown[]) => unknown;
  const diverted = <T>(original: T): T =>
    ((fd: number, ...given: readonly unknown[]) =>
      (original as Write)(fd === stdout ? stderr : fd, ...given)) as unknown as T;
  Object.assign(fs, {
    write: Object.assign(diverted(write), write),
    writeSync: diverted(writeSync),
    writev: Object.assign(diverted(writev), writev),
    writevSync: diverted(writevSync),
  });
  syncBuiltinESMExports();
  return () => {
    process.stdout.write = print;
    Object.assign(fs, { write, writeSync, writev, writevSync });
    syncBuiltinESMExports();
  };
}
