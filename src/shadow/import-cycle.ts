import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { importsOf } from '../content/imports.js';
import { targetOf } from '../content/resolve.js';
import { tokensOf } from '../content/tokens.js';

/** The shortest import cycle of a file, starting and ending with the file; undefined if there is none. */
export function importCycleOf(file: string): readonly string[] | undefined {
  return wayThroughImports(file, file);
}

/** The shortest import path from one file to another, including both; undefined if there is none. */
export function wayThroughImports(from: string, to: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [from];
  for (const next of queue) {
    for (const imported of importedBy(next)) {
      if (imported === to) return [...wayTo(next, from, cameFrom), to];
      if (cameFrom.has(imported) || imported === from) continue;
      cameFrom.set(imported, next);
      queue.push(imported);
    }
  }
  return undefined;
}

function wayTo(last: string, from: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [last];
  while (way[0] !== from) way.unshift(cameFrom.get(way[0] ?? '') ?? from);
  return way;
}

/** The project files that a file imports; empty if the file cannot be read. */
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
