import { dirname } from 'node:path';
import { fromHere } from '../data-source/describe.js';
import { ExitCode, MigrateError } from '../errors.js';
import type { ListedFile, MigrationList } from '../files/migration.js';
import { missingAsset } from '../files/sql-assets.js';
import type { Survey } from './context.js';
import type { StatusProblem } from './types.js';

/** Problems where sources and their compiled output disagree. */
export function buildProblems(
  { stale, notCompiled }: MigrationList,
  isApplied: Survey['isApplied'],
): readonly StatusProblem[] {
  const gone = stale.map((listed) => {
    const isDone = listed.expected !== undefined && isApplied(listed.expected.name);
    const state = isDone ? ', and it is applied' : '';
    return problem('STALE_OUTPUT', listed, `${fromHere(listed.file)} is stale: its source no longer exists${state}.`);
  });
  const missing = notCompiled
    .filter(({ expected }) => expected !== undefined && !isApplied(expected.name))
    .map((listed) => problem('NOT_COMPILED', listed, `${fromHere(listed.file)} is not compiled yet: npm run build`));
  return [...gone, ...missing];
}

function problem(code: StatusProblem['code'], { expected }: ListedFile, message: string): StatusProblem {
  return { code, migration: expected?.name ?? null, message };
}

/** The compiled output differs from the sources: a deleted migration would run again, or a new one would be missing. */
export function refuseStaleBuild(
  { stale, notCompiled }: MigrationList,
  { isApplied }: Pick<Survey, 'isApplied'>,
): void {
  const isPending = ({ expected }: ListedFile): boolean => expected !== undefined && !isApplied(expected.name);
  const gone = stale.filter(isPending);
  if (gone.length > 0)
    throw refused(
      `The source of ${some(gone)} is gone, so ${gone.length === 1 ? 'it is' : 'they are'} stale and must not run.`,
      `Delete the output and build again: rm -r ${outputsIn(gone)} && npm run build ("deleteOutDir": true in nest-cli.json does so each time). To run compiled files as they are: NODE_ENV=production, or the setting "sources": false`,
    );
  const missing = notCompiled.filter(isPending);
  if (missing.length > 0)
    throw refused(
      `${some(missing)} ${missing.length === 1 ? 'is' : 'are'} not compiled yet, and this process loads compiled files only.`,
      howToCompile(missing),
    );
}

function howToCompile(missing: readonly ListedFile[]): string {
  const asset = missing.map(({ file }) => missingAsset(file)).find((one) => one !== undefined);
  if (asset === undefined) return 'npm run build, then try again.';
  return `\`nest build\` copies .sql files only if nest-cli.json says so: ${asset}. Add it, npm run build, then try again.`;
}

function outputsIn(listed: readonly ListedFile[]): string {
  return [...new Set(listed.map(({ file }) => fromHere(dirname(file))))].join(' ');
}

function refused(message: string, next: string): MigrateError {
  return new MigrateError({
    code: 'BUILD_STALE',
    message: `${message} The database was not changed.`,
    next,
    exitCode: ExitCode.usage,
  });
}

function some(listed: readonly ListedFile[]): string {
  const names = listed.slice(0, 3).map(({ file }) => fromHere(file));
  const more = listed.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}
