import { plainName } from './quote.js';
import { sqlTokens } from './tokens.js';
import type { SqlToken } from './tokens.js';
import { statementsOf } from './split.js';

/** What a text may leave in its session after its transaction. */
export interface SessionEffects {
  /** Whether it may leave something: a setting, a temporary table, a lock. True unless it certainly does not. */
  readonly mayRemain: boolean;
  /** Whether it takes or releases an advisory lock. */
  readonly advisory: boolean;
  /** DISCARD, DEALLOCATE and UNLISTEN also affect other users of the same session. */
  readonly forgets: 'all' | 'some' | undefined;
  /** Names with a dot that may be settings, which no catalog lists. */
  readonly settings: readonly string[];
  /** LISTEN and UNLISTEN, in order. UNLISTEN * has no channel. */
  readonly channels: readonly { readonly listens: boolean; readonly channel: string | undefined }[];
}

const reads = new Set('SELECT WITH VALUES INSERT UPDATE DELETE MERGE TABLE EXPLAIN'.split(' '));
const others = new Set(
  `BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE SHOW CREATE ALTER DROP TRUNCATE COMMENT GRANT REVOKE ANALYZE VACUUM
   REINDEX REFRESH LOCK COPY NOTIFY`.split(/\s+/),
);
/** Words before a parenthesis in a query that change nothing in the session. */
const harmless = new Set(
  `ALL AND ANY ARRAY AS BETWEEN BY CASE CAST CONFLICT CUBE DISTINCT ELSE EXCEPT EXISTS FILTER FROM GROUP HAVING IN INTERSECT JOIN LATERAL
   LIKE LIMIT MATERIALIZED NOT OFFSET ON OR OVER PARTITION RETURNING ROLLUP ROW SELECT SET SETS SOME THEN UNION USING VALUES WHEN WHERE WITHIN
   ABS ARRAY_AGG AVG BOOL_AND BOOL_OR CEIL COALESCE CONCAT COUNT CHAR_LENGTH CURRENT_SCHEMA CURRENT_DATABASE DATE_TRUNC DECIMAL EXTRACT
   FLOOR FORMAT GEN_RANDOM_UUID GREATEST JSON_AGG JSON_BUILD_OBJECT JSONB_AGG JSONB_BUILD_OBJECT LEAST LENGTH LOWER MAX MD5 MIN MOD
   NEXTVAL NOW NULLIF NUMERIC OBJ_DESCRIPTION PG_SLEEP POSITION QUOTE_IDENT RANDOM RANK REGEXP_REPLACE REPEAT REPLACE ROUND ROW_NUMBER
   ROW_TO_JSON STRING_AGG SUBSTRING SUM TO_CHAR TO_JSONB TO_REGCLASS TRIM UNNEST UPPER UUID_GENERATE_V4 VARCHAR VERSION`.split(
    /\s+/,
  ),
);

/** Longer texts are not analysed: asking the session what was left costs less. */
const longest = 20_000;

export function sessionEffects(sql: string): SessionEffects {
  if (sql.length > longest)
    return { mayRemain: true, advisory: /advisory/i.test(sql), forgets: undefined, settings: [], channels: [] };
  const tokens = [...sqlTokens(sql)].filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  const sets = tokens.some(isAbout(/^set(_config)?$/i)) || tokens.some(isAbout(/set_config/i));
  const statements = [...statementsOf(sql)].map((statement) => [...statement].filter(isSignificant));
  return {
    mayRemain: statements.some(mayRemain),
    advisory: tokens.some(isAbout(/advisory/i)) || statements.some((statement) => forgets(statement) === 'all'),
    forgets: statements
      .map(forgets)
      .toSorted()
      .find((one) => one !== undefined),
    settings: sets ? namesWithDot(tokens) : [],
    channels: statements.flatMap(channelsOf),
  };
}

const isSignificant = ({ kind }: SqlToken): boolean => kind !== 'space' && kind !== 'comment';

function isAbout(pattern: RegExp): (token: SqlToken) => boolean {
  return ({ kind, text }) => (kind === 'word' || kind === 'name' || kind === 'string') && pattern.test(text);
}

function mayRemain(tokens: readonly SqlToken[]): boolean {
  const [first] = tokens;
  if (first === undefined) return false;
  const command = first.text.toUpperCase();
  if (tokens.some(isAbout(/^temp(orary)?$|pg_temp/i))) return true;
  if (!reads.has(command)) return !others.has(command);
  return tokens.some((token, index) => tokens[index + 1]?.text === '(' && mayBeFunction(tokens, index, token));
}

/** In `INSERT INTO t (…)`, the parenthesis is not a call. */
function mayBeFunction(tokens: readonly SqlToken[], index: number, { kind, text }: SqlToken): boolean {
  if (kind !== 'word' && kind !== 'name') return false;
  let before = index - 1;
  while (tokens[before]?.text === '.') before -= 2;
  if (tokens[before]?.text.toUpperCase() === 'INTO') return false;
  return kind === 'name' || !harmless.has(text.toUpperCase());
}

function forgets([command, what]: readonly SqlToken[]): 'all' | 'some' | undefined {
  const word = command?.text.toUpperCase();
  if (word === 'UNLISTEN') return 'some';
  if (word !== 'DISCARD' && word !== 'DEALLOCATE') return undefined;
  return what?.text.toUpperCase() === 'ALL' ? 'all' : 'some';
}

function namesWithDot(tokens: readonly SqlToken[]): readonly string[] {
  const names = tokens.flatMap(({ kind, text }, index) => {
    if (kind === 'string') return isNameWithDot(text.slice(1, -1)) ? [text.slice(1, -1)] : [];
    const [dot, last] = [tokens[index + 1], tokens[index + 2]];
    if (dot?.text !== '.' || last === undefined || (kind !== 'word' && kind !== 'name')) return [];
    return [`${plainName(text)}.${plainName(last.text)}`];
  });
  return [...new Set(names)];
}

/** Whether a text may be the name of a setting that no catalog lists. */
export function isNameWithDot(text: string): boolean {
  return /^[a-z_]\w*(?:\.\w+)+$/i.test(text);
}

function channelsOf([command, name]: readonly SqlToken[]): SessionEffects['channels'] {
  const word = command?.text.toUpperCase();
  if ((word !== 'LISTEN' && word !== 'UNLISTEN') || name === undefined) return [];
  const channel = name.kind === 'word' || name.kind === 'name' ? plainName(name.text) : undefined;
  return [{ listens: word === 'LISTEN', channel }];
}
