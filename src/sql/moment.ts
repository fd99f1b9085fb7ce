/** What gives another value each time. In lower case, as most of it is written, or in capitals. */
const volatile = String.raw`(?:\b(?:now|random|random_normal|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|age|gen_random_uuid|gen_random_bytes|gen_salt|uuidv[47]|uuid_generate_v(?:1|1mc|4)|pg_backend_pid|txid_current|pg_current_xact_id)\s*\(|\b(?:current_date|current_time|current_timestamp|localtime|localtimestamp)\b)`;
const isVolatile = new RegExp(volatile, 'i');
/** Of the clock, and read when the statement is: a default keeps the moment of its migration. */
const momentLiteral = /'(?:now|today|tomorrow|yesterday)'(?!\s*::\s*(?:text|varchar|name)\b)/i;
const boundOfPartition = new RegExp(String.raw`\bFOR\s+VALUES\b[^;]*?${volatile}`, 'i');
const defines = /\b(?:CREATE|ALTER|DROP|RENAME)\b/i;
/** A text that is handed to a function, which may execute it. `query('CREATE …` is a call in JavaScript. */
const handedOn = /(?<!\bquery)\s*\(\s*\\?'\s*(?:CREATE|ALTER|DROP)\b/i;
const body = /\$(\w*)\$[\s\S]*?\$\1\$/g;

/**
 * Whether the schema that a text of SQL makes may depend on the clock or on chance: it has a moment in a default or in the bounds of a
 * partition, or code that defines something and asks for the time. `with answers`: something asks for values in SQL, and makes other SQL
 * of them. What only rows get, or only the default of a column says, is the same schema each time.
 */
export function dependsOnMoment(text: string, how: 'alone' | 'with answers'): boolean {
  if (momentLiteral.test(text)) return true;
  if (!isVolatile.test(text)) return false;
  if (how === 'with answers' || boundOfPartition.test(text) || handedOn.test(text)) return true;
  const bodies = text.match(body) ?? [];
  return bodies.some((code) => isVolatile.test(code) && defines.test(code));
}
