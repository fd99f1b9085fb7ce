import { classify, dependsOnMoment, readsOnlyCatalogs } from '../sql/index.js';
import type { SqlClass } from '../sql/index.js';
import type { InitialState } from './initial-state.js';
import type { Answer, Statement } from './transcript.js';

/**
 * Follows a replay to tell whether another replay of the same statements creates the same schema and gets the same answers. Values of rows may
 * differ, such as the time that a default gives them, as long as no migration reads rows.
 */
export class FixedAnswers {
  /** Whether any statement so far, such as one that sets a default, has an expression whose value differs each time. */
  #varies: boolean;
  /** Whether a value that differs may be in what a statement reads: in rows, or in the code of functions. */
  #mayRead = false;
  /** Whether all tables were empty, and still are. */
  #isEmpty = false;
  #hasTriggers = false;

  constructor({ statements }: Pick<InitialState, 'statements'>) {
    this.#varies = statements.some(({ sql }) => dependsOnMoment(sql, 'with answers'));
    this.#mayRead = this.#varies;
  }

  /** Notes a statement. Returns whether its answers are the same each time. `hasRows`: whether any table or view may have rows. */
  async note(statement: Statement, answers: readonly Answer[], hasRows: () => Promise<boolean>): Promise<boolean> {
    const kinds = classify(statement.sql);
    const varies = dependsOnMoment(textOf(statement), 'with answers');
    this.#hasTriggers ||= kinds.some(({ command }) => definesTriggers.has(command));
    this.#isEmpty &&= !this.#hasTriggers && kinds.every((kind, index) => addsNoRows(kind, answers[index]));
    this.#varies ||= varies;
    this.#mayRead ||= varies && kinds.some(({ command }) => definesCode.has(command));
    if (!this.#varies) return true;
    if (kinds.some((kind) => (varies && isExecuted(kind)) || callsOther(kind))) return false;
    const isSilent = kinds.length === answers.length && kinds.every((kind, index) => saysNothing(kind, answers[index]));
    if (isSilent || readsOnlyCatalogs(statement.sql)) return true;
    // Looking at each table takes time, and data migrations often send one such statement after the other.
    if (!this.#mayRead && !this.#isEmpty) this.#mayRead = await hasRows();
    this.#isEmpty = !this.#mayRead;
    return this.#isEmpty;
  }
}

const definesCode = new Set(['CREATE FUNCTION', 'CREATE PROCEDURE']);
const definesTriggers = new Set(['CREATE TRIGGER', 'CREATE RULE']);
const keepsEmpty = new Set(['UPDATE', 'DELETE FROM']);
const runsCode = new Set(['DO', 'CALL', 'EXECUTE']);

function isExecuted({ command, onlyReads }: SqlClass): boolean {
  return onlyReads || runsCode.has(command);
}

/** Whether tables that were empty before are empty after it. */
function addsNoRows({ command, changesNothing, mentions }: SqlClass, answer: Answer | undefined): boolean {
  const isChange = keepsEmpty.has(command) && !mentions('INSERT') && !mentions('MERGE');
  return changesNothing || (isChange && answer?.rowCount === 0);
}

/** Whether a query calls a function that may return something else each time. */
function callsOther({ onlyReads, changesNothing }: SqlClass): boolean {
  return onlyReads && !changesNothing;
}

/** Whether a statement neither answers nor runs code that may read rows. */
function saysNothing({ command, mentions }: SqlClass, answer: Answer | undefined): boolean {
  if (answer === undefined || answer.rows.length > 0 || runsCode.has(command)) return false;
  return answer.rowCount === null || (command === 'INSERT INTO' && !mentions('SELECT'));
}

/** SQL may also be in the values. */
export function textOf({ sql, values }: Statement): string {
  return [sql, ...values.filter((value) => typeof value === 'string')].join(';\n');
}
