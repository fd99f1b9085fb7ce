import type { Node, ParseResult } from 'nest-migrate-dev/libpg-query';
import { importForDevelopment } from '../development.js';

/** The parse tree of PostgreSQL's own parser. */
export type Tree = Node;
type KeysOfUnion<T> = T extends T ? keyof T : never;
export type Tag = KeysOfUnion<Node>;
/** The node with a tag: `NodeOf<'IndexStmt'>` is the body of a CREATE INDEX. */
export type NodeOf<K extends Tag> = Extract<Node, Readonly<Record<K, unknown>>>[K];

export interface ParsedStatement {
  readonly sql: string;
  readonly tree: Tree;
}

export interface Parser {
  /** Parses each statement; undefined for invalid SQL, for which the server has a better error. */
  parse(sql: string): readonly ParsedStatement[] | undefined;
}

let opened: Promise<Parser> | undefined;

/** Loaded on first use, since only `lint` and `plan` inspect parse trees. */
export function openParser(): Promise<Parser> {
  opened ??= load();
  return opened;
}

async function load(): Promise<Parser> {
  const library = await importForDevelopment<Library>('libpg-query', 'Judging statements needs');
  await library.loadModule();
  return {
    parse: (sql) => {
      try {
        return piecesOf(sql, library.parseSync(sql));
      } catch {
        return undefined;
      }
    },
  };
}

interface Library {
  loadModule(): Promise<void>;
  parseSync(sql: string): ParseResult;
}

/** The parser's positions count bytes. */
function piecesOf(sql: string, { stmts = [] }: ParseResult): readonly ParsedStatement[] {
  const bytes = Buffer.from(sql);
  return stmts.flatMap(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    if (stmt === undefined) return [];
    const to = length ? from + length : bytes.length;
    return [{ sql: bytes.subarray(from, to).toString().trim(), tree: stmt }];
  });
}

/** The body, if the node is of that kind. */
export function nodeOf<K extends Tag>(node: Tree | undefined, tag: K): NodeOf<K> | undefined {
  if (node === undefined || !(tag in node)) return undefined;
  return (node as unknown as Readonly<Record<K, NodeOf<K>>>)[tag];
}

/** The kind of statement or expression. */
export function tagOf(node: Tree): Tag {
  return Object.keys(node)[0] as Tag;
}

/** How a transaction statement affects the transaction; a savepoint neither begins nor ends one. */
export function transactionStep(tree: Tree): Readonly<Record<'begins' | 'ends' | 'undoes', boolean>> {
  const { kind, chain } = nodeOf(tree, 'TransactionStmt') ?? {};
  const ends = kind === 'TRANS_STMT_COMMIT' || kind === 'TRANS_STMT_ROLLBACK';
  return {
    ends,
    begins: kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START' || (ends && chain === true),
    undoes: kind === 'TRANS_STMT_ROLLBACK' || kind === 'TRANS_STMT_ROLLBACK_TO',
  };
}

/** All nodes of that kind, at or below a node. */
export function* nodesOf<K extends Tag>(node: unknown, tag: K): Generator<NodeOf<K>> {
  if (Array.isArray(node)) for (const each of node) yield* nodesOf(each, tag);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === tag) yield value as NodeOf<K>;
    yield* nodesOf(value, tag);
  }
}

/** `["public", "users"]` for a list of strings. */
export function textsOf(nodes: readonly Tree[] | undefined): readonly string[] {
  return (nodes ?? []).flatMap((node) => {
    const text = nodeOf(node, 'String')?.sval;
    return text === undefined ? [] : [text];
  });
}
