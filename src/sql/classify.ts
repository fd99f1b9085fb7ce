import { runsAlone } from './alone.js';
import { blockOf } from './block.js';
import type { BlockWrite } from './block.js';
import { takeCommand, takeOn } from './command.js';
import type { Command } from './command.js';
import { groups, nameAfter, splitAt } from './parts.js';
import { changesNothing, locksTables, mayRemove, onlyReads } from './reads.js';
import { settingOf } from './setting.js';
import { statementsOf } from './split.js';
import type { SqlToken } from './tokens.js';
import { transactionOf } from './transaction.js';
import type { TransactionEffect } from './transaction.js';
import { Words } from './words.js';

/** The kind of a statement, and its effect on transactions and sessions. */
export interface SqlClass extends Command, TransactionEffect {
  /** The statement without the comments around it. */
  readonly text: string;
  /** The text before the name of its object: `CREATE UNIQUE INDEX `. */
  readonly beforeName: string;
  /** The text after the command and the name of its object. */
  readonly afterName: string;
  /** The text after the table of an index, a trigger or a policy. */
  readonly afterTable: string;
  /** Whether the server refuses it inside a transaction block: always, or depending on what is in the database. */
  readonly runsAlone: 'always' | 'perhaps' | 'never';
  /** Whether it only reads, unless a function that it calls writes. */
  readonly onlyReads: boolean;
  /** Whether it only reads, and calls no function that might write. */
  readonly changesNothing: boolean;
  /** Whether it affects the schema or a whole table, so that it may need a table lock rather than only row locks. */
  readonly locksTables: boolean;
  /** Whether it may drop or rename objects. */
  readonly mayRemove: boolean;
  /** The setting that SET or RESET changes. */
  readonly setting: ReturnType<typeof settingOf>;
  /** The tag in the dollar quote of a DO block: `backfill` for `$backfill$`. */
  readonly blockTag: string | undefined;
  /** For a DO block: the tables whose rows it may change, as far as its text names them. */
  readonly blockWrites: readonly BlockWrite[];
  /** Whether it contains these words in a row. Code of DO blocks and strings are included. */
  mentions(...words: readonly string[]): boolean;
  /** The name after the first occurrence of these words, or, without words, the name at its beginning. */
  nameAfter(...words: readonly string[]): readonly string[] | undefined;
  /** The parts between these words, outside of parentheses. */
  splitAt(...words: readonly string[]): readonly string[];
  /** The text in each outermost pair of parentheses. */
  groups(): readonly string[];
}

/** Each statement of a text, in order. Strings, comments and function bodies are ignored. */
export function classify(sql: string): readonly SqlClass[] {
  return Array.from(statementsOf(sql), (tokens) => classOf(sql, tokens));
}

function classOf(sql: string, tokens: readonly SqlToken[]): SqlClass {
  const whole = Words.of(tokens);
  const words = whole.from(0);
  const { start, ...command } = takeCommand(words);
  const end = words.position;
  const block = command.command === 'DO' ? blockOf(words) : undefined;
  if (command.on !== undefined && takeOn(words)) words.takeName();
  return {
    ...command,
    ...transactionOf(whole.from(0)),
    text: whole.rest(sql),
    beforeName: sql.slice(whole.token()?.index, whole.from(start).token()?.index),
    afterName: whole.from(end).rest(sql),
    afterTable: words.rest(sql),
    runsAlone: block?.endsTransactions ?? runsAlone(command, whole.from(end)),
    // Each of these looks at all words, and most callers ask for none of them.
    get onlyReads() {
      return onlyReads(command.command, whole);
    },
    get changesNothing() {
      return changesNothing(command.command, whole);
    },
    locksTables: locksTables(command.command),
    get mayRemove() {
      return mayRemove(command.command, whole);
    },
    setting: settingOf(whole.from(0), sql),
    blockTag: block?.tag,
    blockWrites: block?.writes ?? [],
    mentions: (...wanted) => (block?.code ?? whole).has(...wanted),
    nameAfter: (...wanted) => nameAfter(whole, wanted),
    splitAt: (...wanted) => splitAt(whole, sql, wanted),
    groups: () => groups(whole, sql),
  };
}
