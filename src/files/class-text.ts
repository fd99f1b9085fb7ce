import { timestampOf } from './name.js';
import type { MigrationName } from './name.js';

/** A class in the text of a file, as far as it can be told without loading it: up to where the next one begins. */
export interface ClassText {
  readonly name: string;
  readonly text: string;
  /** Where the text begins and ends in that of the file. */
  readonly from: number;
  readonly to: number;
}

/** The classes whose names end in a timestamp. What stands before the first one counts as part of it. */
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
 * The migration of a file that exports nothing else, whatever the file is called: many projects write their names in another way than
 * TypeORM does, `1700000000000-add-users.ts` with `addUsers1700000000000`.
 */
export function nameInText(text: string): MigrationName | undefined {
  const [only, ...more] = [...text.matchAll(exported)];
  const exports = text.match(/\bexports?\b/g)?.length;
  const [name, timestamp] = [only?.[1], only?.[1] && timestampOf(only[1])];
  return name && timestamp && more.length === 0 && exports === 1 ? { name, timestamp } : undefined;
}

const stepsMark =
  /^[ \t]*(?:(?:public[ \t]+)?static[ \t]+(?:readonly[ \t]+)?steps|[\p{L}\p{N}_$]*\d{13}\.steps)[ \t]*=[ \t]*(\d+)/mu;

/** Of how many classes a change consists, as its last one says; 'unclear' where only loading it can tell. */
export function stepsInText(text: string): number | 'unclear' | undefined {
  const found = stepsMark.exec(text);
  if (found) return Number(found[1]);
  return /\bsteps\s*=(?!=)/.test(text) ? 'unclear' : undefined;
}
