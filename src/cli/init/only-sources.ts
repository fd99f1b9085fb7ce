import type { ProjectFile } from '../../data-source/project-files.js';

/** Warns of patterns that match nothing once the project is compiled, as data sources for `ts-node` have them. */
export function onlySources(reads: string, files: readonly ProjectFile[]): readonly string[] {
  const text = files.find(({ file }) => file === reads)?.text ?? '';
  const patterns = [...text.matchAll(/(['"`])([^'"`\n]*\*[^'"`\n]*(?<!\.d)\.ts)\1/g)].map(([, , one = '']) => one);
  // Some files choose between two lists: that of the sources and that of the compiled files.
  const pattern = patterns.find((one) => !text.includes(one.replace(/\.ts$/, '.js')));
  if (pattern === undefined) return [];
  return [
    `${reads} names only TypeScript files (${pattern}). If the app migrates when it starts, or an image contains only compiled files, it needs patterns such as join(__dirname, 'migrations/*{.ts,.js}').`,
  ];
}
