import { spawn } from 'node:child_process';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckResult } from '../commands/check/types.js';
import { ExitCode, MigrateError } from '../errors.js';
import { checkLines } from './check-lines.js';
import type { CheckFlags } from './check-lines.js';
import type { PlacedDataSource } from '../data-source/all.js';
import type { GlobalFlags } from './flags.js';
import { many } from './io.js';
import type { Io } from './io.js';
import { packageFile } from './package-file.js';
import { readManifest } from './project.js';

/** The result of `check` for one of several data sources. */
type Checked = { readonly dataSource: string; readonly ok: boolean } & (
  | Omit<CheckResult, 'ok'>
  | { readonly error: { readonly code: string; readonly message: string; readonly next: string } }
);

/** Sorted from worst to best: the overall exit code is the worst one. */
const worstFirst = [ExitCode.failed, ExitCode.usage, ExitCode.todo, ExitCode.done];

/**
 * Checks each data source of the project in a separate process: each has its own environment, settings and compiled sources, and loading a
 * second one into the same process would mix them with those of the first.
 */
export async function checkAll(io: Io, flags: GlobalFlags & CheckFlags): Promise<ExitCode> {
  refuseOthers(io, flags);
  const dir = process.cwd();
  const { allDataSources } = await import('../data-source/all.js');
  const { findDataSourceFile } = await import('../data-source/find.js');
  const manifest = readManifest(resolve(dir, 'package.json'));
  const all = allDataSources(dir, manifest);
  // Its error says where it searched.
  if (all.length === 0) findDataSourceFile(dir, manifest);
  const results: (readonly [PlacedDataSource, Checked])[] = [];
  const codes = new Set<ExitCode>();
  for (const one of all) {
    io.stage(`checking ${one.file}`);
    const { code, stdout, stderr } = await runCheck(one, flags, io.signal);
    for (const line of stderr.split('\n').filter(Boolean)) io.note(`${one.file}: ${line}`);
    results.push([one, resultOf(one, code, stdout, dir)]);
    codes.add(code);
  }
  const failed = results.filter(([, { ok }]) => !ok).map(([{ file }]) => file);
  io.result({ ok: failed.length === 0, dataSources: results.map(([, checked]) => checked) }, () => [
    ...results.flatMap(([one, checked]) => [headingOf(one, dir, io), ...linesOf(checked, flags, io), '']),
    failed.length === 0 ? `Good: ${many(results.length, 'data source')}.` : `Failed: ${failed.join(', ')}.`,
  ]);
  return worstFirst.find((code) => codes.has(code)) ?? ExitCode.done;
}

function refuseOthers(io: Io, { dataSource, app }: GlobalFlags): void {
  const other = dataSource !== undefined ? '--data-source' : app !== undefined ? '--app' : io.inApp && 'an app';
  if (!other) return;
  throw new MigrateError({
    code: 'USAGE',
    message: `--all-data-sources cannot be used with ${other}. Nothing was checked.`,
    next: 'In the folder of package.json: nest-migrate check --all-data-sources',
    exitCode: ExitCode.usage,
  });
}

interface Ended {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the same command for one data source. */
function runCheck({ file, dir }: PlacedDataSource, flags: GlobalFlags, signal: AbortSignal): Promise<Ended> {
  const given = process.argv.slice(2).filter((one) => one !== '--all-data-sources' && one !== '--json');
  const args = [...given, '--json', '--data-source', relative(dir, resolve(file))];
  // If a flag is given twice, the last one counts.
  if (flags.tsconfig !== undefined) args.push('--tsconfig', resolve(flags.tsconfig));
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(packageFile('dist/esm/cli/main.js')), ...args],
    {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const stop = (): void => void child.kill(signal.reason as NodeJS.Signals);
  signal.addEventListener('abort', stop);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      done({ code: worstFirst.find((one) => one === code) ?? ExitCode.failed, stdout, stderr });
    });
  });
}

function resultOf({ file, dir }: PlacedDataSource, code: ExitCode, stdout: string, projectDir: string): Checked {
  const fromProject = (path: string): string => relative(projectDir, resolve(dir, path));
  try {
    const said = JSON.parse(stdout) as CheckResult | { readonly error: Extract<Checked, { error: unknown }>['error'] };
    if ('error' in said) return { dataSource: file, ok: false, error: said.error };
    const { written, steps } = said;
    return {
      dataSource: file,
      ok: said.ok,
      steps: steps.map((step) => ({
        ...step,
        findings: step.findings.map((one) => ({
          ...one,
          ...(one.file !== undefined && { file: fromProject(one.file) }),
        })),
      })),
      ...(written !== undefined && { written: fromProject(written) }),
    };
  } catch {
    const error = { code: 'INTERNAL', message: `The check of ${file} ended with exit code ${code} and no result.` };
    return { dataSource: file, ok: false, error: { ...error, next: `nest-migrate check --data-source ${file}` } };
  }
}

/** Messages contain paths relative to this folder. */
function headingOf({ file, dir }: PlacedDataSource, projectDir: string, { paint }: Io): string {
  return `${paint.bold(file)}${dir === projectDir ? '' : ` (in ${relative(projectDir, dir)})`}`;
}

function linesOf(one: Checked, flags: CheckFlags, { paint }: Io): readonly string[] {
  if ('steps' in one) return checkLines(one, flags, paint);
  const [first, ...more] = one.error.message.split('\n');
  return [`${paint.red('✖')} ${first}`, ...more, `→ ${one.error.next}`];
}
