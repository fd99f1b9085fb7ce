import { columns } from './columns/column-rules.js';
import { constraints } from './constraints/constraint-rules.js';
import { indexes } from './indexes/index-rules.js';
import { objects } from './objects/object-rules.js';
import { processRules } from './process/process-rules.js';
import type { Rule } from './rule.js';

/** All rules. Each has a file with its own name, in the folder of its topic. */
export const rules: readonly Rule[] = [...indexes, ...constraints, ...columns, ...objects, ...processRules];
