import { relative, resolve } from 'node:path';
import type { CheckFinding, CheckResult, CheckStep, CheckStepName, Judged } from '../commands/check/types.js';
import { annotation } from './annotation.js';
import { moreOn } from './help-on.js';
import { many } from './io.js';
import type { Paint } from './io.js';

export interface CheckFlags {
  readonly database?: boolean;
  readonly withRows?: boolean;
  readonly writeLock?: boolean;
  readonly only?: readonly CheckStepName[];
  readonly skip?: readonly CheckStepName[];
  readonly format?: 'github';
  readonly since?: string;
  readonly shadow?: string;
  readonly cache?: boolean;
  readonly ignore?: readonly string[];
  readonly allDataSources?: boolean;
}

type Checked = Omit<CheckResult, 'ok'>;

/** The findings of the steps, for users or for a workflow. */
export function checkLines(result: Checked, { format }: CheckFlags, paint: Paint): readonly string[] {
  return format === 'github' ? annotations(result) : linesOf(result, paint);
}

const says: Readonly<Record<CheckStepName, string>> = {
  files: 'all files can be loaded, and migrations.lock matches them',
  branches: 'no two branches conflict',
  replay: 'every migration runs on an empty database and can be reverted',
  entities: 'the migrations match the entities',
  lint: 'no new migration blocks reads or writes',
  rows: 'the new migrations also succeed on tables with rows',
  database: 'the database matches the files',
  drift: 'the database has the schema of its applied migrations',
};

function linesOf({ steps, written }: Checked, paint: Paint): readonly string[] {
  const sign = { ok: paint.green('✓'), notice: paint.yellow('!'), failed: paint.red('✗') };
  return [
    ...(written === undefined ? [] : [`Written: ${written}`]),
    ...steps.flatMap(({ name, state, findings, error, judged }) => [
      `${sign[state]} ${name.padEnd(9)}${state === 'ok' ? paint.dim(saidOf(name, judged)) : ''}`.trimEnd(),
      ...findings.flatMap((finding) => findingLines(finding, paint)),
      ...moreOn([...findings.map(({ rule }) => rule), error]).map((line) => `    ${paint.dim(line)}`),
    ]),
  ];
}

function saidOf(name: CheckStepName, judged: Judged | undefined): string {
  if (judged === undefined) return says[name];
  const { migrations, chosen } = judged;
  return migrations === 0
    ? `no migration was judged: none is ${chosen}`
    : `${says[name]} (${migrations} judged, ${chosen})`;
}

/** The steps that passed, and the ones without anything to judge. */
export function passed(steps: readonly CheckStep[]): string {
  const idle = steps.filter(({ judged }) => judged?.migrations === 0).map(({ name }) => name);
  const without = idle.length === 0 ? '' : `; ${idle.join(', ')} judged no migration`;
  return `${many(steps.length - idle.length, 'step')} passed${without}`;
}

function findingLines({ severity, message, next, file, line }: CheckFinding, paint: Paint): readonly string[] {
  const [first = '', ...more] = message.split('\n');
  // A place comes before the colon that the list of differences follows.
  const colon = first.endsWith(':') ? ':' : '';
  const place = file === undefined || first.includes(file) ? '' : paint.dim(`  (${file}${line ? `:${line}` : ''})`);
  return [
    `  ${severity === 'error' ? paint.red('✗') : paint.yellow('!')} ${first.slice(0, first.length - colon.length)}${place}${colon}`,
    ...more.map((text) => `    ${text}`),
    ...(next === undefined ? [] : next.split('\n').map((text, index) => `    ${index === 0 ? '→' : ' '} ${text}`)),
  ];
}

function annotations({ steps }: Checked): readonly string[] {
  return steps.flatMap(({ name, findings }) =>
    findings.map(({ severity, message, file, line, next }) =>
      annotation(
        severity,
        { file: file === undefined ? file : fromWorkspace(file), line, title: `nest-migrate check: ${name}` },
        next === undefined ? message : `${message}\n→ ${next}`,
      ),
    ),
  );
}

/** The workflow may run in a subfolder of its repository. */
function fromWorkspace(file: string): string {
  const path = relative(process.env['GITHUB_WORKSPACE'] || process.cwd(), resolve(file));
  return path.replaceAll('\\', '/');
}
