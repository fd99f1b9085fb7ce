import { dependsOnMoment } from '../sql/index.js';
import { isMember } from './tokens.js';
import type { Token } from './tokens.js';

/** Whether the SQL of a file depends on the clock or on chance, either directly or because it is built from query results. */
export function dependsOnTime(text: string, tokens: readonly Token[]): boolean {
  const answers = makesTexts(text, tokens) && tokens.some((_token, at) => isUsedQuery(tokens, at));
  return dependsOnMoment(text, answers ? 'with answers' : 'alone');
}

function makesTexts(text: string, tokens: readonly Token[]): boolean {
  const isText = ({ kind }: Token): boolean => kind === 'string' || kind === 'template';
  const isJoined = (at: number): boolean =>
    tokens[at]?.text === '+' && [tokens[at - 1], tokens[at + 1]].some((token) => token !== undefined && isText(token));
  return /\$\{|\.(?:join|concat|replace|replaceAll)\(/.test(text) || tokens.some((_token, at) => isJoined(at));
}

/** `rows = await x.query(…)`, `f(x.query(…))`, `x.query(…).then(…)`: the result of the query is used. */
function isUsedQuery(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.text !== 'query' || !isMember(tokens, at) || tokens[at + 1]?.text !== '(') return false;
  let start = at;
  while (isMember(tokens, start)) start -= 2;
  if (tokens[start - 1]?.text === 'await') start -= 1;
  const before = tokens[start - 1]?.text ?? ';';
  return !['{', '}', ';', ')'].includes(before) || tokens[afterParentheses(tokens, at + 1)]?.text === '.';
}

function afterParentheses(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at] as Token;
    if (kind === 'symbol' && text === '(') depth += 1;
    if (kind === 'symbol' && text === ')' && (depth -= 1) === 0) return at + 1;
  }
  return tokens.length;
}
