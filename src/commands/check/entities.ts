import { hasNoEntities } from '../entities.js';
import { questionsOf } from '../generate/decide.js';
import { generate } from '../generate/generate.js';
import type { CheckFinding } from './types.js';
import { findingOf, isBroken, notJudged, rethrowImpossible } from './work.js';
import type { CheckWork } from './work.js';

const most = 20;

/** Checks that the migrations lead to the schema that the entities describe. */
export async function entitiesStep(work: CheckWork): Promise<readonly CheckFinding[]> {
  if (isBroken(work)) return [notJudged];
  const { context, options } = work;
  if (await hasNoEntities(context.dataSource, process.cwd()))
    return [{ severity: 'notice', message: 'The data source lists no entities, so there is nothing to compare.' }];
  const { shadow, cache, ignore } = options;
  try {
    // A check does not ask whether data may be lost.
    const dry = { language: 'ts', dryRun: true, allowDestructive: true, shadow, cache, ignore } as const;
    const { statements } = await generate(dry, context);
    return statements.length === 0 ? [] : [missing(statements.map(({ sql }) => sql))];
  } catch (error) {
    rethrowImpossible(error);
    const open = questionsOf(error);
    const isLong = open !== undefined && open.length > 3;
    return [isLong ? undecided(open.map(({ message }) => message)) : findingOf(error)];
  }
}

/** Without the flags that answer them, which would take a page. */
function undecided(questions: readonly string[]): CheckFinding {
  const lines = questions.slice(0, most).map((question) => `  ${question}`);
  const more = questions.length > most ? [`  … and ${questions.length - most} more`] : [];
  return {
    severity: 'error',
    message: [`The entities have changed, and ${questions.length} questions are open:`, ...lines, ...more].join('\n'),
    next: 'nest-migrate generate',
  };
}

function missing(statements: readonly string[]): CheckFinding {
  const lines = statements.slice(0, most).map((sql) => `  ${sql.replace(/\s+/g, ' ').trim()}`);
  const more = statements.length > most ? [`  … and ${statements.length - most} more`] : [];
  const count = statements.length === 1 ? 'A statement is' : `${statements.length} statements are`;
  return {
    severity: 'error',
    message: [`The entities have changed. ${count} missing from the migrations:`, ...lines, ...more].join('\n'),
    next: 'nest-migrate generate',
  };
}
