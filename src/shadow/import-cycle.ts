import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { importsOf } from '../content/imports.js';
import { targetOf } from '../content/resolve.js';
import { tokensOf } from '../content/tokens.js';

/** The shortest way on which a file imports itself, beginning and ending with it; undefined where there is none. */
export function importCycleOf(file: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [file];
  for (const next of queue) {
    for (const imported of importedBy(next)) {
      if (imported === file) return wayTo(next, file, cameFrom);
      if (cameFrom.has(imported)) continue;
      cameFrom.set(imported, next);
      queue.push(imported);
    }
  }
  return undefined;
}

function wayTo(last: string, file: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [last];
  while (way[0] !== file) way.unshift(cameFrom.get(way[0] ?? '') ?? file);
  return [...way, file];
}

/** The files of the project that a file imports; none where it cannot be read. */
function importedBy(file: string): readonly string[] {
  try {
    const tokens = tokensOf(readFileSync(file, 'utf8')) ?? [];
    return importsOf(tokens).imports.flatMap((one) => {
      const target = targetOf(one, dirname(file));
      return target !== undefined && 'files' in target ? target.files : [];
    });
  } catch {
    return [];
  }
}
