import type { SqlClient } from '../../database/sql-client.js';
import { messageOf } from '../../errors.js';
import type { Observed } from '../../observe/observed.js';
import { tagOf } from '../../observe/parser.js';
import type { PlannedStatement } from './types.js';
import { quickMs, reading, refusalOf } from './reading.js';

/** What the planner of the live database says of a statement. */
export interface Explanation extends NonNullable<PlannedStatement['explained']> {
  readonly changes: readonly ExplainedChange[];
  /** The tables that it reads from beginning to end, each as `schema.name`: on a copy without rows, an index is not worth it. */
  readonly scans: readonly string[];
}

export interface ExplainedChange {
  /** As `schema.name`. */
  readonly table: string;
  readonly rows: number;
  /** Whether rows that are there already are changed: other writers wait for those. */
  readonly existing: boolean;
}

/** Why it says nothing: it needs what only an earlier pending migration makes, or this role may not. */
export interface Refusal {
  readonly refused: string;
  /** SQLSTATE, where the server has said it. */
  readonly code?: string;
}

/** Nothing is executed: https://www.postgresql.org/docs/current/sql-explain.html */
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
  // Beside them there may be subqueries.
  const sources = plans.filter((plan) => ['Outer', 'Member'].includes(plan['Parent Relationship'] ?? ''));
  const rows = sources.reduce((total, source) => total + source['Plan Rows'], 0);
  const existing = operation !== 'Insert' || node['Conflict Resolution'] === 'UPDATE';
  return tableOf(node).map((table) => ({ table, rows, existing }));
}

function tableOf({ Schema: schema, 'Relation Name': name }: ExplainNode): readonly string[] {
  return schema === undefined || name === undefined ? [] : [`${schema}.${name}`];
}
