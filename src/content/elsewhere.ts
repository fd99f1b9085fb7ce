import { isMember } from './tokens.js';
import type { Token } from './tokens.js';

/** Members that lead from a query runner to more than its own connection: to entities, their metadata, other connections. */
const elsewhere = new Set([
  'manager',
  'connection',
  'dataSource',
  'getRepository',
  'getTreeRepository',
  'getMongoRepository',
  'getCustomRepository',
  'withRepository',
  'createQueryBuilder',
  'getMetadata',
  'hasMetadata',
  'entityMetadatas',
  'entityMetadatasMap',
  'clearDatabase',
]);

/** The first such member that a file uses. */
export function elsewhereIn(tokens: readonly Token[]): string | undefined {
  const found = tokens.find(
    ({ text }, at) => elsewhere.has(text) && isTaken(tokens, at) && !isQuery(tokens, at) && !isLogger(tokens, at),
  );
  return found?.text ?? computedMember(tokens);
}

/** `queryRunner[name]` with the parameter of an `up` or a `down`. */
function computedMember(tokens: readonly Token[]): string | undefined {
  const runners = new Set(
    tokens.flatMap(({ text }, at) => {
      const [open, parameter] = [tokens[at + 1], tokens[at + 2]];
      return ['up', 'down'].includes(text) && open?.text === '(' && parameter?.kind === 'word' ? [parameter.text] : [];
    }),
  );
  const found = tokens.find(
    ({ kind, text }, at) =>
      kind === 'word' && runners.has(text) && tokens[at + 1]?.text === '[' && tokens[at + 2]?.kind !== 'string',
  );
  return found && `${found.text}[…]`;
}

/** `x.manager`, `x['manager']`, `{ manager }` or `{ manager: m }` of an object. */
function isTaken(tokens: readonly Token[], at: number): boolean {
  const text = (offset: number): string => tokens[at + offset]?.text ?? '';
  if (tokens[at]?.kind === 'string') return text(-1) === '[';
  if (tokens[at]?.kind !== 'word') return false;
  if (isMember(tokens, at)) return true;
  const ends = new Set([',', '}', '=']);
  return ['{', ','].includes(text(-1)) && (ends.has(text(1)) || (text(1) === ':' && ends.has(text(3))));
}

/** `.manager.query(`, `.connection.manager.query(`: these only send plain SQL. */
function isQuery(tokens: readonly Token[], at: number): boolean {
  if (!isMember(tokens, at + 2)) return false;
  const next = tokens[at + 2]?.text;
  if (next === 'query') return tokens[at + 3]?.text === '(';
  return (next === 'manager' || next === 'connection') && isQuery(tokens, at + 2);
}

/** `.connection.logger`: a logger only receives texts. */
function isLogger(tokens: readonly Token[], at: number): boolean {
  return isMember(tokens, at + 2) && tokens[at + 2]?.text === 'logger';
}

/** Whether methods such as `createTable` and `addColumn` are called. */
export function namesThings(tokens: readonly Token[]): boolean {
  return tokens.some(
    ({ kind, text }, at) =>
      kind === 'word' && naming.test(text) && isMember(tokens, at) && tokens[at + 1]?.text === '(',
  );
}

const naming = /^(?:create|add|drop|change|rename|update|replace|insert|clear|truncate|get|has|load)[A-Z]/;
