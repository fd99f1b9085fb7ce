import type { DriftedObject, DriftResult } from '../commands/drift/types.js';
import { ExitCode } from '../errors.js';
import { withMigrator } from './connect.js';
import type { GlobalFlags } from './flags.js';
import { many } from './io.js';
import type { Io, Paint } from './io.js';

export interface DriftFlags {
  readonly sql?: boolean;
  readonly ignore?: readonly string[];
  readonly shadow?: string;
  readonly cache?: boolean;
}

export async function drift(io: Io, flags: GlobalFlags & DriftFlags): Promise<ExitCode> {
  const { ignore, shadow, cache } = flags;
  const result = await withMigrator(io, flags, (migrator) => migrator.drift({ ignore, shadow, cache }));
  // With --json, the warnings are part of the object.
  if (io.format === 'human') for (const warning of result.warnings) io.note(`${io.paint.yellow('!')} ${warning}`);
  io.result(result, () => linesOf(result, flags, io.paint));
  return result.drift.length > 0 ? ExitCode.todo : ExitCode.done;
}

function linesOf(
  { drift: objects, repair, adopt, losses, ignored }: DriftResult,
  flags: DriftFlags,
  paint: Paint,
): readonly string[] {
  const left = ignored.length > 0 ? [paint.dim(`Ignored: ${shortened(ignored)}.`)] : [];
  if (objects.length === 0) return ['No drift: the database matches its applied migrations.', ...left];
  const lines = [
    `The database differs from its applied migrations in ${many(objects.length, 'object')}:`,
    ...objects.flatMap((object) => objectLines(object, paint)),
    ...left,
    '',
  ];
  if (!flags.sql)
    return [
      ...lines,
      'Nothing was changed. --sql shows the statements that undo the differences, or that a migration needs to adopt them.',
    ];
  return [
    ...lines,
    '-- To change the database to match its migrations:',
    ...script(repair, losses),
    '',
    '-- Or, in a new migration (nest-migrate create Adopt --sql), to match the database:',
    '-- This database already has these changes: if nothing else is pending, record the migration with nest-migrate run --fake',
    ...script(adopt, losses),
  ];
}

const states = {
  missing: { sign: '-', words: 'in the migrations, not in the database' },
  unexpected: { sign: '+', words: 'in the database, not in the migrations' },
  different: { sign: '~', words: '' },
} as const;

function objectLines({ object, state, detail = '' }: DriftedObject, paint: Paint): readonly string[] {
  const { sign, words } = states[state];
  const color = { missing: paint.red, unexpected: paint.green, different: paint.yellow }[state];
  const details = detail.split('\n');
  if (state === 'different' && details.length > 1)
    return [`${color(sign)} ${object}:`, ...details.map((line) => `    ${line}`)];
  const said = words === '' ? detail : words;
  return [`${color(sign)} ${object}: ${said}`, ...(words !== '' && detail ? [paint.dim(`    ${detail}`)] : [])];
}

function script(statements: readonly string[], losses: DriftResult['losses']): readonly string[] {
  if (statements.length === 0) return ['-- (none)'];
  return statements.flatMap((sql) => [...lossLines(sql, losses), `${sql.trim().replace(/;$/, '')};`]);
}

/** Printed with the statement, which may be pasted without the warnings. */
export function lossLines(sql: string, losses: DriftResult['losses']): readonly string[] {
  return losses.filter((loss) => loss.sql === sql).map(({ loses }) => `-- Loses data: ${loses}.`);
}

function shortened(names: readonly string[]): string {
  const more = names.length - 10;
  return names.slice(0, 10).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
