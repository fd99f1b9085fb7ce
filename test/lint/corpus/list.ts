import { code } from './code.js';
import { columns } from './columns.js';
import { constraints } from './constraints.js';
import { contract } from './contract.js';
import { data } from './data.js';
import type { Entry } from './entry.js';
import { indexes } from './indexes.js';
import { names } from './names.js';
import { objects } from './objects.js';
import { types } from './types.js';
import { typeorm } from './typeorm.js';

/** Migrations to judge: none of them is an example of a rule. */
export const corpus: readonly Entry[] = [
  ...typeorm,
  ...indexes,
  ...constraints,
  ...columns,
  ...types,
  ...objects,
  ...contract,
  ...names,
  ...data,
  ...code,
];
