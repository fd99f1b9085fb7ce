import type { Rule } from '../rule.js';
import { setNotNullScan } from './set-not-null-scan.js';

export const columns: readonly Rule[] = [setNotNullScan];
