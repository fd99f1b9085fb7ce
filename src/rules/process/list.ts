import type { Rule } from '../rule.js';

export const processRules: readonly Rule[] = [];
