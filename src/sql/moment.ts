/** Expressions whose value differs each time. Most code writes them in lower case, some in capitals. */
const volatile = String.raw`(?:\b(?:now|random|random_normal|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|age|gen_random_uuid|gen_random_bytes|gen_salt|uuidv[47]|uuid_generate_v(?:1|1mc|4)|pg_backend_pid|txid_current|pg_current_xact_id)\s*\(|\b(?:current_date|current_time|current_timestamp|localtime|localtimestamp)\b)`;
const isVolatile = new RegExp(volatile, 'i');
/** Constants that are evaluated when the statement is read: a default keeps the time of its migration. */
const momentLiteral = /'(?:now|today|tomorrow|yesterday)'(?!\s*::\s*(?:text|varchar|name)\b)/i;
const boundOfPartition = new RegExp(String.raw`\bFOR\s+VALUES\b[^;]*?${volatile}`, 'i');
const defines = /\b(?:CREATE|ALTER|DROP|RENAME)\b/i;
/** SQL passed to a function, which may execute it. `query('CREATE …` is a call in JavaScript. */
const handedOn = /(?<!\bquery)\s*\(\s*\\?'\s*(?:CREATE|ALTER|DROP)\b/i;
const executes = /\bEXECUTE\b/i;
const body = /\$(\w*)\$[\s\S]*?\$\1\$/g;

/**
 * Whether the schema that an SQL text creates may depend on the clock or on chance: it has a moment in a default or in the bounds of a
 * partition, or code that creates objects and asks for the time. `with answers` means that SQL is built from query results. Values that
 * only rows get, or that a column default computes later, do not change the schema.
 */
export function dependsOnMoment(text: string, how: 'alone' | 'with answers'): boolean {
  if (momentLiteral.test(text)) return true;
  if (!isVolatile.test(text)) return false;
  if (how === 'with answers' || boundOfPartition.test(text)) return true;
  const bodies = (text.match(body) ?? []).filter((code) => isVolatile.test(code));
  if (bodies.some((code) => defines.test(code)) || handedOn.test(text.replace(body, ' '))) return true;
  // What one body hands on, another one may execute.
  return handedOn.test(text) && bodies.some((code) => executes.test(code));
}
