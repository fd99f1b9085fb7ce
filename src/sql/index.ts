export { classify } from './classify.js';
export type { SqlClass } from './classify.js';
export { fittingName, generatedName, truncatedName } from './identifier.js';
export { layOut } from './layout.js';
export { plainName, quoteLiteral, quoteName } from './quote.js';
export { splitSql } from './split.js';
export type { SqlStatement } from './split.js';
export { sqlTokens } from './tokens.js';
export type { SqlToken } from './tokens.js';
