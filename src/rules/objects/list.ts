import type { Rule } from '../rule.js';

export const objects: readonly Rule[] = [];
