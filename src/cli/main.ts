#!/usr/bin/env node
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { wasTold } from '../errors.js';
import { expectRejections } from '../rejections.js';
import { runProgram } from './program.js';

// PostgreSQL in this process is WebAssembly, and an optimised compilation takes longer than a command uses it.
setFlagsFromString('--liftoff-only');

// On a machine with much memory, garbage would be collected so late that a large project takes half as much again.
setFlagsFromString('--heap-growing-percent=60');

// From Node 22 on, what was compiled once is found again: a tenth of the time of a command. A deployment runs once, and would only write it.
const { enableCompileCache } = module as { readonly enableCompileCache?: () => unknown };
if (process.env['NODE_ENV'] !== 'production' && !process.env['CI']) enableCompileCache?.();

// `| head` closes our output, which is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

expectRejections(wasTold);

const code = await runProgram(process.argv.slice(2));
// A user's data source may keep handles open forever, so the process exits once everything is written.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writableLength > 0) await new Promise<void>((written) => stream.write('', () => written()));
}
process.exit(code);
