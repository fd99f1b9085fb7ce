import type { DataSource } from 'typeorm';
import type { Instantiate, Loads } from '../files/migration.js';
import type { MigrateSettings } from '../options.js';

/** Where a command writes: its result to stdout, everything else to stderr. */
export interface Io {
  readonly format: 'human' | 'json';
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly paint: Paint;
  readonly signal: AbortSignal;
  /** The result: lines for people, or the one object. */
  result(data: object, lines: () => readonly string[]): void;
  /** How long the command has been at work, in milliseconds. */
  elapsed(): number;
  /** A text of our own as it is: the addresses in it are examples. */
  page(data: object, text: string): void;
  /** Progress and remarks. */
  note(line: string): void;
  /** What the command is doing now, shown at a terminal for as long as it lasts. */
  stage(text: string): void;
  /** How far a statement has come, where that is shown at a terminal; an empty text takes it away. */
  readonly bar?: (text: string) => void;
  /** Asks a question; meanwhile no stage is shown. */
  asking<T>(question: () => Promise<T>): Promise<T>;
  /** Inside an app the data source is the app's own. */
  readonly inApp?: SourceInApp;
}

export interface Source {
  readonly dataSource: DataSource;
  readonly settings: MigrateSettings;
  readonly instantiate?: Instantiate;
  readonly loads?: Loads;
  close?(): Promise<void>;
}

/** Lends the data source of an app; of the named connection. */
export type SourceInApp = (connection: string | undefined) => Source;

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

export function paintFor(stream: { readonly isTTY?: boolean }, color: boolean): Paint {
  const on = color && stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const with_ = (open: number, close: number) => (text: string) =>
    on ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return { bold: with_(1, 22), dim: with_(2, 22), green: with_(32, 39), yellow: with_(33, 39), red: with_(31, 39) };
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

/** At 80 columns, by words. */
export function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= 80) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
