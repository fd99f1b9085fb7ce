import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** A file that reads data files, or whose strings another file may use as file names. */
export interface Reader {
  readonly file: string;
  readonly reads: 'files' | 'folders' | undefined;
  readonly literals: readonly string[];
}

/** If there are more files than this, the answer is unknown. */
const most = 20_000;

/** Files by their own names. */
type Named = ReadonlyMap<string, readonly string[]>;

/** Finds the data files that sources may read. The results for a path are cached. */
export class DataFiles {
  readonly #folders = new Map<string, Named | undefined>();
  readonly #kinds = new Map<string, 'file' | 'folder' | undefined>();

  /**
   * The files that a string in a reader names by path; and, in the readers' own folders and the folders that their strings name, every
   * file whose name is one of the strings. Undefined if there are too many.
   */
  of(readers: readonly Reader[]): readonly string[] | undefined {
    const reading = readers.filter(({ reads }) => reads !== undefined);
    if (reading.length === 0) return [];
    const folders = reading.flatMap((reader) => [dirname(reader.file), ...this.#pathsIn(reader, 'folder')]);
    const found = this.#filesIn(outermost(folders.filter(isOwn)));
    if (found === undefined) return undefined;
    const named = readers.flatMap((reader) => this.#pathsIn(reader, 'file'));
    const names = reading.some(({ reads }) => reads === 'folders')
      ? found.keys()
      : namesOf(readers.flatMap(({ literals }) => literals));
    return [...new Set([...named, ...[...names].flatMap((name) => found.get(name) ?? [])])].toSorted();
  }

  /** The paths that the strings may refer to, relative to the folder of their file or to the working directory. */
  #pathsIn({ file, literals }: Reader, kind: 'file' | 'folder'): readonly string[] {
    const paths = literals.filter((literal) => literal !== '' && literal.length < 300 && !/[\n\0]/.test(literal));
    const all = paths.flatMap((path) => [resolve(dirname(file), path), resolve(path)]);
    return all.filter((path) => this.#kindOf(path) === kind);
  }

  #kindOf(path: string): 'file' | 'folder' | undefined {
    if (!this.#kinds.has(path)) {
      const found = statSync(path, { throwIfNoEntry: false });
      this.#kinds.set(path, found?.isFile() ? 'file' : found?.isDirectory() ? 'folder' : undefined);
    }
    return this.#kinds.get(path);
  }

  #filesIn(folders: readonly string[]): Named | undefined {
    const key = folders.toSorted().join('\0');
    if (!this.#folders.has(key)) this.#folders.set(key, byName(filesIn(folders)));
    return this.#folders.get(key);
  }
}

/** A file name may be put together from a text and an extension. */
function namesOf(literals: readonly string[]): ReadonlySet<string> {
  const names = literals.map((literal) => basename(literal)).filter((name) => name !== '' && name.length < 300);
  const endings = names.filter((name) => /^\.\w[\w.]*$/.test(name));
  return new Set([...names, ...endings.flatMap((ending) => names.map((name) => name + ending))]);
}

function byName(files: readonly string[] | undefined): Named | undefined {
  if (files === undefined) return undefined;
  const found = new Map<string, string[]>();
  for (const file of files) found.set(basename(file), [...(found.get(basename(file)) ?? []), file]);
  return found;
}

/** Folders outside the project are not searched. */
function isOwn(folder: string): boolean {
  return isInside(folder, process.cwd());
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

function outermost(folders: readonly string[]): readonly string[] {
  const all = [...new Set(folders)];
  return all.filter((folder) => !all.some((other) => other !== folder && isInside(folder, other)));
}

function filesIn(folders: readonly string[]): readonly string[] | undefined {
  const files: string[] = [];
  const left = [...folders];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) left.push(join(folder, entry.name));
      else files.push(join(folder, entry.name));
    }
    if (files.length > most) return undefined;
  }
  return files;
}
