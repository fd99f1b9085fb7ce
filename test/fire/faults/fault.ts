import type { Random } from '../../support/random.js';
import type { Actor } from '../actors.js';
import type { Place } from '../place.js';

export interface Scene {
  readonly place: Place;
  readonly random: Random;
  readonly database: string;
  /** Only at messages with such SQL. */
  readonly at: RegExp | undefined;
}

export interface Striking extends Scene {
  readonly actors: readonly Actor[];
  /** Comes true when all processes have ended. */
  readonly over: Promise<void>;
}

/** How a process reaches the database. */
export interface Way {
  readonly url: string;
  readonly through: 'proxy' | 'nothing';
  readonly env?: Readonly<Record<string, string>>;
  /** The code of the error that it must end with; `done` where it must succeed. */
  readonly mustSay?: string;
}

/** Something that goes wrong, one kind in one file. */
export interface Fault {
  readonly kind: string;
  /** What it is needed for and not there. */
  missing?(place: Place): string | undefined;
  /** What may follow from it: nothing, processes that fail, or even that do not know what they have done. */
  readonly effect: 'none' | 'failures' | 'lost replies';
  /** It needs the server to itself. */
  readonly alone?: true;
  /** A standby follows from the beginning, so that the server must not be too old. */
  readonly on?: 'a new server';
  /** Before the processes are started. */
  prepare?(scene: Scene): Promise<Prepared>;
  /** While they work. Returns once it is over; false where it found nothing to strike. */
  strike?(scene: Striking): Promise<boolean>;
}

export interface Prepared {
  way?(): Way;
  end(): Promise<void>;
}

/** False when all processes have ended before. */
export async function unlessOver(what: Promise<unknown>, { over }: Pick<Striking, 'over'>): Promise<boolean> {
  return Promise.race([what.then(() => true), over.then(() => false)]);
}
