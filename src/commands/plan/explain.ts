import type { SqlClient } from '../../database/sql-client.js';
import { messageOf } from '../../errors.js';
import type { Observed } from '../../observe/observed.js';
import { tagOf } from '../../observe/parser.js';
import type { PlannedStatement } from './types.js';
import { quickMs, reading, refusalOf } from './reading.js';

/** The estimate of the live database's planner for a statement. */
export interface Explanation extends NonNullable<PlannedStatement['explained']> {
  readonly changes: readonly ExplainedChange[];
  /** The tables that it reads completely, each as `schema.name`. On a copy without rows, the planner would not use indexes. */
  readonly scans: readonly string[];
}

export interface ExplainedChange {
  /** As `schema.name`. */
  readonly table: string;
  readonly rows: number;
  /** Whether existing rows are changed, which blocks other writers of these rows. */
  readonly existing: boolean;
}

/** Why there is no estimate: the statement needs objects that an earlier pending migration creates, or the role lacks a privilege. */
export interface Refusal {
  readonly refused: string;
  /** The SQLSTATE, if the server has returned one. */
  readonly code?: string;
}

/** EXPLAIN executes nothing: https://www.postgresql.org/docs/current/sql-explain.html */
export async function explain(client: SqlClient, statement: Observed): Promise<Explanation | Refusal | undefined> {
  const { sql, tree, tables, parameters } = statement;
  if (!tree || !explained.has(tagOf(tree)) || [...tables.values()].every(({ isNew }) => isNew)) return undefined;
  try {
    return await reading(client, quickMs, async () => {
      const { rows } = await client.query(`EXPLAIN (FORMAT JSON, VERBOSE) ${sql}`, parameters);
      const [found] = (rows[0]?.['QUERY PLAN'] ?? []) as readonly { readonly Plan?: ExplainNode }[];
      const plan = found?.Plan;
      if (!plan) return { refused: 'EXPLAIN returned no plan' };
      const source = plan['Node Type'] === 'ModifyTable' ? (plan.Plans?.[0] ?? plan) : plan;
      const nodes = [...nodesBelow(plan)];
      return {
        rows: source['Plan Rows'],
        cost: plan['Total Cost'],
        node: source['Node Type'],
        changes: nodes.flatMap(changeOf),
        scans: nodes.flatMap((node) => (node['Node Type'] === 'Seq Scan' ? tableOf(node) : [])),
      };
    });
  } catch (error) {
    const code = refusalOf(error);
    return { refused: messageOf(error), code };
  }
}

const explained = new Set<string>([
  'SelectStmt',
  'UpdateStmt',
  'DeleteStmt',
  'InsertStmt',
  'MergeStmt',
  'CreateTableAsStmt',
]);

interface ExplainNode {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly 'Total Cost': number;
  readonly 'Parent Relationship'?: string;
  readonly Operation?: string;
  readonly 'Conflict Resolution'?: string;
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly ExplainNode[];
}

function* nodesBelow(node: ExplainNode): Generator<ExplainNode> {
  yield node;
  for (const below of node.Plans ?? []) yield* nodesBelow(below);
}

function changeOf(node: ExplainNode): readonly ExplainedChange[] {
  const { Operation: operation, Plans: plans = [] } = node;
  if (node['Node Type'] !== 'ModifyTable') return [];
  // There may be subqueries among the plans, too.
  const sources = plans.filter((plan) => ['Outer', 'Member'].includes(plan['Parent Relationship'] ?? ''));
  const rows = sources.reduce((total, source) => total + source['Plan Rows'], 0);
  const existing = operation !== 'Insert' || node['Conflict Resolution'] === 'UPDATE';
  return tableOf(node).map((table) => ({ table, rows, existing }));
}

function tableOf({ Schema: schema, 'Relation Name': name }: ExplainNode): readonly string[] {
  return schema === undefined || name === undefined ? [] : [`${schema}.${name}`];
}
