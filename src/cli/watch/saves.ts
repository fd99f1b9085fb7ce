import { readdirSync, readFileSync, statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Compiled files and other generated files. */
const leftOut = /^(?:node_modules|dist|build|built|out|coverage|\..*)$/;
const counted = /(?:\.(?:[cm]?[jt]s|sql)|(?:^|[\\/])(?:package|tsconfig.*)\.json|(?:^|[\\/])\.env.*)$/;
/** Editors write a file in several steps, and formatters write it again. */
const settleMs = 40;

/** Watches the files of a project, and reports when one is saved with a changed text. */
export class Saves {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #texts = new Map<string, string>();
  readonly #saved = new Set<string>();
  readonly #listener: (files: readonly string[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;

  constructor(
    private readonly dir: string,
    listener: (files: readonly string[]) => void,
  ) {
    this.#listener = listener;
    const folders = foldersIn(dir).map((name) => join(dir, name));
    this.remember([...filesIn(dir, false), ...folders.flatMap((folder) => filesIn(folder, true))]);
    this.#watch(dir, false);
    for (const folder of folders) this.#watch(folder, true);
  }

  /** Marks the present contents of these files as known. */
  remember(files: readonly string[]): void {
    for (const file of files) this.#texts.set(resolve(this.dir, file), digestOf(resolve(this.dir, file)));
  }

  /** Until `release`, nothing is reported: changes in the meantime may become known ones. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#tell();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #watch(folder: string, recursive: boolean): void {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(folder, { recursive }, (_event, name) => {
      // A new folder in the project.
      if (name !== null && !recursive && foldersIn(folder).includes(name)) this.#watch(join(folder, name), true);
      if (name === null || !counted.test(name) || name.split(/[\\/]/).some((part) => part === 'node_modules')) return;
      this.#saved.add(resolve(folder, name));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tell(), settleMs);
    });
    this.#watchers.set(folder, watcher);
    // A folder that was removed may come back.
    watcher.on('error', () => {
      watcher.close();
      this.#watchers.delete(folder);
    });
  }

  #tell(): void {
    if (this.#isHeld) return;
    const changed = [...this.#saved].filter((file) => {
      const digest = digestOf(file);
      if ((this.#texts.get(file) ?? '') === digest) return false;
      this.#texts.set(file, digest);
      return true;
    });
    this.#saved.clear();
    if (changed.length > 0) this.#listener(changed);
  }
}

function foldersIn(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !leftOut.test(entry.name))
    .map(({ name }) => name);
}

function filesIn(dir: string, recursive: boolean): readonly string[] {
  return readdirSync(dir, { recursive, encoding: 'utf8' })
    .filter((name) => counted.test(name) && !/(?:^|[\\/])node_modules[\\/]/.test(name))
    .map((name) => join(dir, name));
}

/** Empty if there is no such file. */
function digestOf(file: string): string {
  try {
    if (!statSync(file).isFile()) return '';
    return createHash('sha1').update(readFileSync(file)).digest('base64');
  } catch {
    return '';
  }
}
