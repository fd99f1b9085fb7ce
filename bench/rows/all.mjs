import * as apply from './apply.mjs';
import * as boot from './boot.mjs';
import * as check from './check.mjs';
import * as dev from './dev.mjs';
import * as generate from './generate.mjs';
import * as help from './help.mjs';
import * as memory from './memory.mjs';
import * as pending from './pending.mjs';
import * as size from './size.mjs';
import * as status from './status.mjs';
import * as testing from './testing.mjs';
import * as typescript from './typescript.mjs';

/** In the order of the report. */
export const rows = {
  pending,
  boot,
  apply,
  status,
  generate,
  check,
  dev,
  typescript,
  testing,
  memory,
  help,
  size,
};
