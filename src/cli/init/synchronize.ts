import type { ProjectFile } from '../../data-source/project-files.js';

/** Something found in the sources. */
export interface Found {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

export function findSynchronize(files: readonly ProjectFile[]): readonly Found[] {
  return (['synchronize', 'dropSchema', 'migrationsRun'] as const).flatMap((what) =>
    find(files, new RegExp(`\\b${what}\\s*:\\s*true\\b`), what),
  );
}

function find(files: readonly ProjectFile[], pattern: RegExp, what: string): readonly Found[] {
  return files.flatMap(({ file, text }) => {
    const index = text.split('\n').findIndex((line) => pattern.test(line) && !/^\s*(?:\/\/|\*)/.test(line));
    return index === -1 ? [] : [{ file, line: index + 1, what }];
  });
}
