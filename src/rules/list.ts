import { columns } from './columns/list.js';
import { constraints } from './constraints/list.js';
import { indexes } from './indexes/list.js';
import { objects } from './objects/list.js';
import { processRules } from './process/list.js';
import type { Rule } from './rule.js';

/** All rules. Each lies in the folder of what it is about, in a file called like the rule. */
export const rules: readonly Rule[] = [...indexes, ...constraints, ...columns, ...objects, ...processRules];
