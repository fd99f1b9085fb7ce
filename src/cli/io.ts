import { stripVTControlCharacters, styleText } from 'node:util';
import type { DataSource } from 'typeorm';
import type { WarningCode } from '../events.js';
import type { Instantiate, Loads } from '../files/migration.js';
import type { MigrateSettings } from '../options.js';

/** Where a command writes: its result to stdout, everything else to stderr. */
export interface Io {
  readonly format: 'human' | 'json';
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly paint: Paint;
  readonly signal: AbortSignal;
  /** Prints the result: lines for people, or a single JSON object. */
  result(data: object, lines: () => readonly string[]): void;
  /** The time since the command started, in milliseconds. */
  elapsed(): number;
  /** Prints a text of our own unchanged: the addresses in it are examples. */
  page(data: object, text: string): void;
  /** Prints progress or a remark. */
  note(line: string): void;
  /** Shows at a terminal what the command is doing, until the next stage. */
  stage(text: string): void;
  /** Warnings that were shown before. */
  readonly shown?: ReadonlySet<WarningCode>;
  /** The texts of warnings that this process has shown. They are not shown again, and new ones are added. */
  readonly told?: Set<string>;
  /** Shows the progress of a statement at a terminal, if supported. An empty text removes it. */
  readonly bar?: (text: string) => void;
  /** Asks a question, and hides the stage in the meantime. */
  asking<T>(question: () => Promise<T>): Promise<T>;
  /** Inside an app, returns the app's own data source. */
  readonly inApp?: SourceInApp;
}

export interface Source {
  readonly dataSource: DataSource;
  readonly settings: MigrateSettings;
  readonly instantiate?: Instantiate;
  readonly loads?: Loads;
  /** What to do about an environment file that its code relies on, and that was not loaded. */
  readonly notLoaded?: string;
  close?(): Promise<void>;
}

/** Returns the data source of an app by the name of its connection. */
export type SourceInApp = (connection: string | undefined) => Source;

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

const styled =
  (style: 'bold' | 'dim' | 'green' | 'yellow' | 'red') =>
  (text: string): string =>
    text === '' ? '' : styleText(style, text, { validateStream: false });

/** Texts are always painted: the stream that they are written to decides what it shows. */
export const paint: Paint = {
  bold: styled('bold'),
  dim: styled('dim'),
  green: styled('green'),
  yellow: styled('yellow'),
  red: styled('red'),
};

/** What this stream shows of a painted text. NO_COLOR, FORCE_COLOR, TERM and whether it is a terminal are known to Node.js. */
export function shownOn(stream: NodeJS.WritableStream, color: boolean | undefined): (text: string) => string {
  const isColored = color !== false && styleText('bold', '.', { stream }) !== '.';
  return isColored ? (text) => text : stripVTControlCharacters;
}

/** `850 ms`, `2.4 s`, `3 min 5 s` */
export function showDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `1 migration`, `3 migrations` */
export function many(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Wraps a text at 80 columns. */
export function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= 80) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
