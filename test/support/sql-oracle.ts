import { createRequire } from 'node:module';
import type { Node, ParseResult } from 'nest-migrate-dev/libpg-query';
import type { QueryRunner } from 'typeorm';
import { nodeOf, nodesOf, tagOf, textsOf, transactionStep } from '../../src/observe/parser.js';
import type { Tree } from '../../src/observe/parser.js';
import type { SqlClass } from '../../src/sql/index.js';
import type { Entry, File, Up } from '../lint/corpus/entry.js';

/** What PostgreSQL's own parser sees in a text: the tree of each statement; undefined where it is no SQL. */
export type Oracle = (sql: string) => readonly Tree[] | undefined;

export async function openOracle(): Promise<Oracle> {
  const library = createRequire(import.meta.url)('libpg-query') as {
    loadModule(): Promise<void>;
    parseSync(sql: string): ParseResult;
  };
  await library.loadModule();
  return (sql) => {
    try {
      return (library.parseSync(sql).stmts ?? []).flatMap(({ stmt }) => stmt ?? []);
    } catch {
      return undefined;
    }
  };
}

/** What `classify` must say of a statement, as far as its tree tells. */
export function classOfTree(tree: Tree): Partial<SqlClass> {
  const { begins: opens, ends } = transactionStep(tree);
  const { kind = '' } = nodeOf(tree, 'TransactionStmt') ?? {};
  const closes = ends || kind === 'TRANS_STMT_PREPARE';
  return {
    ...aboutOf(tree),
    opens,
    closes,
    undoes: kind === 'TRANS_STMT_ROLLBACK' || kind === 'TRANS_STMT_ROLLBACK_TO',
    savepoint: savepoints[kind],
    runsAlone: runsAlone(tree),
    onlyReads: onlyReads(tree),
    setting: settingOf(tree),
    concurrently: concurrently(tree),
  };
}

const savepoints: Readonly<Record<string, SqlClass['savepoint']>> = {
  TRANS_STMT_SAVEPOINT: 'sets',
  TRANS_STMT_RELEASE: 'releases',
  TRANS_STMT_ROLLBACK_TO: 'returns to',
};

function settingOf(tree: Tree): SqlClass['setting'] {
  const set = nodeOf(tree, 'VariableSetStmt');
  if (!set || set.name === 'TRANSACTION') return undefined;
  const name = set.kind === 'VAR_RESET_ALL' ? 'all' : (set.name ?? '').toLowerCase();
  return { name, until: set.is_local ? 'transaction' : 'session' } as SqlClass['setting'];
}

function concurrently(tree: Tree): boolean {
  const option = nodeOf(tree, 'ReindexStmt')
    ?.params?.map((param) => nodeOf(param, 'DefElem'))
    .find((param) => param?.defname === 'concurrently');
  const off = ['false', 'off'].includes(nodeOf(option?.arg, 'String')?.sval ?? '');
  return (
    (option !== undefined && !off) ||
    nodeOf(tree, 'IndexStmt')?.concurrent === true ||
    nodeOf(tree, 'DropStmt')?.concurrent === true ||
    nodeOf(tree, 'RefreshMatViewStmt')?.concurrent === true
  );
}

const alone = new Set(['CreatedbStmt', 'DropdbStmt', 'CreateTableSpaceStmt', 'DropTableSpaceStmt', 'AlterSystemStmt']);
const objects = new Set(['REINDEX_OBJECT_SCHEMA', 'REINDEX_OBJECT_DATABASE', 'REINDEX_OBJECT_SYSTEM']);

function runsAlone(tree: Tree): SqlClass['runsAlone'] {
  const tag = tagOf(tree);
  const block = nodeOf(tree, 'DoStmt');
  if (block) return blockRunsAlone([...nodesOf(block.args, 'DefElem')]);
  const detaches = [...nodesOf(tree, 'PartitionCmd')].some(({ concurrent }) => concurrent);
  if (alone.has(tag) || detaches || (concurrently(tree) && tag !== 'RefreshMatViewStmt')) return 'always';
  if (nodeOf(tree, 'VacuumStmt')?.is_vacuumcmd || objects.has(nodeOf(tree, 'ReindexStmt')?.kind ?? '')) return 'always';
  if (tag === 'ClusterStmt') return nodeOf(tree, 'ClusterStmt')?.relation ? 'perhaps' : 'always';
  if (nodeOf(tree, 'DiscardStmt')?.target === 'DISCARD_ALL') return 'always';
  if (nodeOf(tree, 'TransactionStmt')?.kind?.endsWith('_PREPARED')) return 'always';
  const database = [...nodesOf(nodeOf(tree, 'AlterDatabaseStmt')?.options, 'DefElem')];
  if (database.some(({ defname }) => defname === 'tablespace')) return 'always';
  if (tag === 'CreateSubscriptionStmt') return nodeOf(tree, 'CreateSubscriptionStmt')?.options ? 'perhaps' : 'always';
  return tag === 'CallStmt' || tag === 'ReindexStmt' ? 'perhaps' : 'never';
}

/** The parser does not read bodies; those of the test say what they are. */
function blockRunsAlone(args: readonly { readonly defname?: string; readonly arg?: Node }[]): SqlClass['runsAlone'] {
  const textOf = (name: string): string =>
    nodeOf(args.find(({ defname }) => defname === name)?.arg, 'String')?.sval ?? '';
  const body = textOf('as')
    .replace(/--.*$/gm, '')
    .replace(/'[^']*'/g, '');
  if (!['', 'plpgsql'].includes(textOf('language'))) return 'perhaps';
  if (/(?:;|\bBEGIN|\bTHEN)\s*(?:COMMIT|ROLLBACK)\s*(?:;|AND\b)/i.test(body)) return 'always';
  return /\bCALL\b/i.test(body) ? 'perhaps' : 'never';
}

function onlyReads(tree: Tree): boolean {
  const explained = nodeOf(tree, 'ExplainStmt');
  const executes = [...nodesOf(explained?.options, 'DefElem')].some(({ defname }) => defname === 'analyze');
  if (explained) return !executes || onlyReads(explained.query as Tree);
  if (nodeOf(tree, 'VariableShowStmt')) return true;
  const changes = (
    ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'IntoClause', 'LockingClause'] as const
  ).flatMap((tag) => [...nodesOf(tree, tag)]);
  const into = [...nodesOf(tree, 'SelectStmt')].some(({ intoClause, lockingClause }) => intoClause ?? lockingClause);
  return nodeOf(tree, 'SelectStmt') !== undefined && changes.length === 0 && !into;
}

type About = Partial<Pick<SqlClass, 'command' | 'name' | 'on'>>;
type Range = { readonly schemaname?: string; readonly relname?: string } | undefined;

const rangeParts = (range: Range): readonly string[] =>
  [range?.schemaname, range?.relname].filter((part) => part !== undefined);
const kindWords = (type: string | undefined): string =>
  (type ?? '').replace('OBJECT_', '').replace('MATVIEW', 'MATERIALIZED VIEW');

/** What a statement is and what it is about: of the kinds that the tool asks about. */
function aboutOf(tree: Tree): About {
  const about = (command: string, name: readonly string[] | undefined, on?: readonly string[]): About => ({
    command,
    name,
    on,
  });
  const transaction = nodeOf(tree, 'TransactionStmt');
  if (transaction) return {};
  const index = nodeOf(tree, 'IndexStmt');
  if (index)
    return about('CREATE INDEX', index.idxname === undefined ? undefined : [index.idxname], rangeParts(index.relation));
  const table = nodeOf(tree, 'CreateStmt');
  if (table) return about('CREATE TABLE', rangeParts(table.relation));
  const made = nodeOf(tree, 'CreateTableAsStmt');
  if (made) return about(`CREATE ${kindWords(made.objtype)}`, rangeParts(made.into?.rel));
  const view = nodeOf(tree, 'ViewStmt');
  if (view) return about('CREATE VIEW', rangeParts(view.view));
  const type = nodeOf(tree, 'CreateEnumStmt');
  if (type) return about('CREATE TYPE', textsOf(type.typeName));
  const routine = nodeOf(tree, 'CreateFunctionStmt');
  if (routine) return about(routine.is_procedure ? 'CREATE PROCEDURE' : 'CREATE FUNCTION', textsOf(routine.funcname));
  const trigger = nodeOf(tree, 'CreateTrigStmt');
  if (trigger) return about('CREATE TRIGGER', [trigger.trigname ?? ''], rangeParts(trigger.relation));
  const policy = nodeOf(tree, 'CreatePolicyStmt');
  if (policy) return about('CREATE POLICY', [policy.policy_name ?? ''], rangeParts(policy.table));
  const extension = nodeOf(tree, 'CreateExtensionStmt');
  if (extension) return about('CREATE EXTENSION', [extension.extname ?? '']);
  const schema = nodeOf(tree, 'CreateSchemaStmt');
  if (schema) return about('CREATE SCHEMA', [schema.schemaname ?? '']);
  const sequence = nodeOf(tree, 'CreateSeqStmt');
  if (sequence) return about('CREATE SEQUENCE', rangeParts(sequence.sequence));
  return aboutChange(tree, about);
}

function aboutChange(tree: Tree, about: (command: string, name: readonly string[] | undefined) => About): About {
  const alter = nodeOf(tree, 'AlterTableStmt');
  if (alter)
    return alter.objtype === 'OBJECT_TYPE'
      ? {}
      : about(`ALTER ${kindWords(alter.objtype)}`, rangeParts(alter.relation));
  const rename = nodeOf(tree, 'RenameStmt');
  if (
    rename?.renameType === 'OBJECT_TABLE' ||
    rename?.renameType === 'OBJECT_MATVIEW' ||
    rename?.renameType === 'OBJECT_INDEX'
  )
    return about(`ALTER ${kindWords(rename.renameType)}`, rangeParts(rename.relation));
  const comment = nodeOf(tree, 'CommentStmt');
  const commented = textsOf(nodeOf(comment?.object, 'List')?.items);
  if (comment && commented.length > 0) return about(`COMMENT ON ${kindWords(comment.objtype)}`, commented);
  const drop = nodeOf(tree, 'DropStmt');
  const dropped = textsOf(nodeOf(drop?.objects?.[0], 'List')?.items);
  if (drop && dropped.length > 0 && drop.removeType !== 'OBJECT_TRIGGER')
    return about(`DROP ${kindWords(drop.removeType)}`, dropped);
  if (nodeOf(tree, 'InsertStmt')) return about('INSERT INTO', rangeParts(nodeOf(tree, 'InsertStmt')?.relation));
  if (nodeOf(tree, 'UpdateStmt')) return about('UPDATE', rangeParts(nodeOf(tree, 'UpdateStmt')?.relation));
  if (nodeOf(tree, 'DeleteStmt')) return about('DELETE FROM', rangeParts(nodeOf(tree, 'DeleteStmt')?.relation));
  return {};
}

/** Every query that the migrations of the corpus send. */
export async function queriesOf(corpus: readonly Entry[]): Promise<readonly string[]> {
  const queries: string[] = [];
  // A migration that needs rows, or more than `query`, stops there.
  const queryRunner = { query: (sql: string) => Promise.resolve(queries.push(sql) && []) } as unknown as QueryRunner;
  for (const { given, migration } of corpus) {
    if (given !== undefined) queries.push(given);
    for (const file of [migration].flat() as readonly (string | Up | File)[]) {
      const up = typeof file === 'object' ? file.up : file;
      if (typeof up === 'string') queries.push(up);
      else await (async () => up(queryRunner))().catch(() => undefined);
    }
  }
  return queries;
}
