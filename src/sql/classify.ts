import { runsAlone } from './alone.js';
import { blockOf } from './block.js';
import { takeCommand } from './command.js';
import type { Command } from './command.js';
import { mayRemove, onlyReads } from './reads.js';
import { settingOf } from './setting.js';
import { statementsOf } from './split.js';
import type { SqlToken } from './tokens.js';
import { transactionOf } from './transaction.js';
import { Words } from './words.js';

/** What a statement is, and what it does to transactions and sessions. */
export interface SqlClass extends Command, ReturnType<typeof transactionOf> {
  /** Whether the server refuses it inside a transaction block: always, or depending on what is in the database. */
  readonly runsAlone: ReturnType<typeof runsAlone>;
  /** It only reads, as far as can be seen: a function that it calls may write. */
  readonly onlyReads: boolean;
  /** It may drop or rename objects. */
  readonly mayRemove: boolean;
  /** The setting that SET or RESET is about. */
  readonly setting: ReturnType<typeof settingOf>;
  /** The name in the dollar quote of a DO block: `backfill` of `$backfill$`. */
  readonly blockTag: string | undefined;
}

/** Each statement of a text, in order. What stands in strings, comments and the bodies of functions does not count. */
export function classify(sql: string): readonly SqlClass[] {
  return [...statementsOf(sql)].map(classOf);
}

function classOf(tokens: readonly SqlToken[]): SqlClass {
  const whole = (): Words => new Words(tokens);
  const rest = whole();
  const command = takeCommand(rest);
  const block = command.command === 'DO' ? blockOf(rest) : undefined;
  return {
    ...command,
    ...transactionOf(whole()),
    runsAlone: runsAlone(command, rest, block),
    onlyReads: onlyReads(command.command, whole()),
    mayRemove: mayRemove(command.command, whole()),
    setting: settingOf(whole()),
    blockTag: block?.tag,
  };
}
