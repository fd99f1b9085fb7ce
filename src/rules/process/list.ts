import type { Rule } from '../rule.js';
import { blockingWorkHidden } from './blocking-work-hidden.js';

export const processRules: readonly Rule[] = [blockingWorkHidden];
