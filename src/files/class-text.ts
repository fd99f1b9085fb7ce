import { timestampOf } from './name.js';
import type { MigrationName } from './name.js';

/** A class in the text of a file, as far as it can be found without loading the file: everything up to the next class. */
export interface ClassText {
  readonly name: string;
  readonly text: string;
  /** Where it begins and ends in the text of the file. */
  readonly from: number;
  readonly to: number;
}

/** The classes whose names end in a timestamp. The text before the first one counts as part of it. */
export function classTextsIn(text: string): readonly ClassText[] {
  const found = [...text.matchAll(/\bclass\s+([\p{L}\p{N}_$]*\d{13})\b/gu)];
  return found.map(({ 1: name = '', index }, at) => {
    const [from, to] = [at === 0 ? 0 : index, found[at + 1]?.index ?? text.length];
    return { name, text: text.slice(from, to), from, to };
  });
}

const exported =
  /^export[ \t]+(?:default[ \t]+)?class[ \t]+([\p{L}\p{N}_$]*\d{13})[ \t]+implements[ \t]+MigrationInterface\b/gmu;

/**
 * The only migration that a file exports, whatever the name of the file. Many projects name their files differently from TypeORM:
 * `1700000000000-add-users.ts` contains `addUsers1700000000000`.
 */
export function nameInText(text: string): MigrationName | undefined {
  const [only, ...more] = [...text.matchAll(exported)];
  const exports = text.match(/\bexports?\b/g)?.length;
  const [name, timestamp] = [only?.[1], only?.[1] && timestampOf(only[1])];
  return name && timestamp && more.length === 0 && exports === 1 ? { name, timestamp } : undefined;
}

const stepsMark =
  /^[ \t]*(?:(?:public[ \t]+)?static[ \t]+(?:readonly[ \t]+)?steps|[\p{L}\p{N}_$]*\d{13}\.steps)[ \t]*=[ \t]*(\d+)/mu;

/** The number of classes in a change, as its last class states it; 'unclear' if the file has to be loaded to find out. */
export function stepsInText(text: string): number | 'unclear' | undefined {
  const found = stepsMark.exec(text);
  if (found) return Number(found[1]);
  return /\bsteps\s*=(?!=)/.test(text) ? 'unclear' : undefined;
}
