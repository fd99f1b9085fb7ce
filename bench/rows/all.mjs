import * as apply from './apply.mjs';
import * as generate from './generate.mjs';
import * as help from './help.mjs';
import * as nothingPending from './nothing-pending.mjs';

/** In the order of the report. */
export const rows = { 'nothing-pending': nothingPending, apply, generate, help };
