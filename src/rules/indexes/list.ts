import type { Rule } from '../rule.js';
import { createIndexBlocking } from './create-index-blocking.js';

export const indexes: readonly Rule[] = [createIndexBlocking];
