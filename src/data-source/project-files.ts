import { readdirSync, readFileSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** A file of the project with its text. The path is relative to the project. */
export interface ProjectFile {
  readonly file: string;
  readonly text: string;
}

const left = /^(?:node_modules|dist|build|built|out|coverage|test|tests|e2e|\..*)$/;

/** The sources of a project without tests and declarations, or its compiled files. */
export function sourceFiles(dir: string, folder: '.' | 'dist' = '.'): readonly ProjectFile[] {
  return namesIn(join(dir, folder))
    .filter((path) => /\.[cm]?[jt]s$/.test(path) && !/\.(?:d|spec|test|e2e-spec)\.[cm]?[jt]s$/.test(path))
    .map((path) => ({ file: relative(dir, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}

/** The folder with the most files that are named like migrations. */
export function migrationsFolder(files: readonly ProjectFile[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { file } of files) {
    if (!/(?:^|\/)\d{13}-[^/]+$/.test(file)) continue;
    const folder = dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** Unreadable folders are skipped. */
function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}

function namesIn(dir: string): readonly string[] {
  return entriesOf(dir)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return left.test(entry.name) ? [] : namesIn(path);
      return entry.isFile() ? [path] : [];
    });
}
