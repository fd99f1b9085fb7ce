import type { Rule } from '../rule.js';

export const constraints: readonly Rule[] = [];
