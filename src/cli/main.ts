#!/usr/bin/env node
import { runProgram } from './program.js';

// `| head` closes our output; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

void runProgram(process.argv);
