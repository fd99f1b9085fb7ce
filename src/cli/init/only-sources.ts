import type { ProjectFile } from '../../data-source/project-files.js';

/** Warns of patterns that match nothing once the project is compiled, as data sources for `ts-node` have them. */
export function onlySources(reads: string, files: readonly ProjectFile[]): readonly string[] {
  const text = files.find(({ file }) => file === reads)?.text ?? '';
  const [, , pattern] = /(['"`])([^'"`\n]*\*[^'"`\n]*(?<!\.d)\.ts)\1/.exec(text) ?? [];
  if (pattern === undefined) return [];
  return [
    `${reads} names only TypeScript files (${pattern}). If the app migrates when it starts, or an image contains only compiled files, it needs patterns such as join(__dirname, 'migrations/*{.ts,.js}').`,
  ];
}
