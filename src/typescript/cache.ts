import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageKindOf } from '../files/import-file.js';
import type { ModuleKind } from '../files/import-file.js';
import type { PathMapping } from './project.js';

/** The modification time and size of a file when it was read: if either differs, the text has changed. */
type Stamp = readonly [mtimeMs: number, size: number];

interface Entry {
  readonly stamp: Stamp;
  /** The kind of module that the compiler has made of it, which its package.json says. */
  readonly kind: ModuleKind;
  /** The files of the project that it imports: its decorator metadata contains types from them. */
  readonly imports: readonly string[];
  /** The name of the file with its compiled code, derived from the hash of the code. */
  readonly code: string;
}

interface Manifest {
  readonly config: Readonly<Record<string, Stamp>>;
  readonly mapping: PathMapping;
  readonly files: Readonly<Record<string, Entry>>;
}

export interface Compiled {
  readonly file: string;
  readonly imports: readonly string[];
  readonly code: string;
}

/** The least time between two writes of the manifest. */
const apartMs = 250;

/**
 * The compiled files on disk. Code files are named by their content and never change, and the manifest is replaced as a whole, so that
 * several processes can share the cache. A file that cannot be read counts as missing.
 */
export class CompileCache {
  private files: Record<string, Entry> = {};
  private config: Readonly<Record<string, Stamp>> | undefined;
  private knownMapping: PathMapping | undefined;
  private readonly verdicts = new Map<string, boolean>();
  private writtenAt = -Infinity;
  private pending: NodeJS.Timeout | undefined;

  constructor(private readonly dir: string) {
    process.on('exit', () => this.pending && this.writeManifest());
    try {
      const manifest = JSON.parse(readFileSync(this.manifestFile, 'utf8')) as Manifest;
      if (!Object.entries(manifest.config).every(([file, stamp]) => sameStamp(stampOf(file), stamp))) return;
      this.files = { ...manifest.files };
      this.config = manifest.config;
      this.knownMapping = manifest.mapping;
    } catch {
      // The cache is unusable: everything is compiled again.
    }
  }

  /** How the project maps module names, if the cache knows it. */
  get mapping(): PathMapping | undefined {
    return this.knownMapping;
  }

  read(file: string): string | undefined {
    if (!this.isFresh(file)) return undefined;
    try {
      const name = this.files[file]?.code ?? '';
      const code = readFileSync(join(this.dir, name), 'utf8');
      return nameOf(code) === name ? code : undefined;
    } catch {
      return undefined;
    }
  }

  write(compiled: readonly Compiled[], configFiles: readonly string[], mapping: PathMapping): void {
    this.config = Object.fromEntries(configFiles.map((file) => [file, stampOf(file) ?? [0, 0]]));
    this.knownMapping = mapping;
    try {
      mkdirSync(this.dir, { recursive: true });
      for (const { file, imports, code } of compiled) {
        const name = nameOf(code);
        replace(join(this.dir, name), code);
        const stamp = stampOf(file);
        if (stamp) this.files[file] = { stamp, kind: packageKindOf(file), imports, code: name };
        this.verdicts.clear();
      }
    } catch {
      // A cache that cannot be written only makes the next start slower.
    }
    // Files are compiled one by one, and writing the manifest after each would take longer than compiling it.
    const left = this.writtenAt + apartMs - performance.now();
    if (left <= 0) this.writeManifest();
    else this.pending ??= setTimeout(() => this.writeManifest(), left).unref();
  }

  private writeManifest(): void {
    clearTimeout(this.pending);
    this.pending = undefined;
    const { config = {}, knownMapping: mapping = { baseUrl: undefined, paths: {} }, files } = this;
    try {
      replace(this.manifestFile, JSON.stringify({ config, mapping, files } satisfies Manifest));
    } catch {
      // A manifest that cannot be written only makes the next start slower, too.
    }
    this.writtenAt = performance.now();
  }

  private get manifestFile(): string {
    return join(this.dir, 'manifest.json');
  }

  /** From now on, every file counts as possibly changed. */
  forget(): void {
    this.verdicts.clear();
  }

  /** Whether the file itself, apart from its imports, is as it was when it was compiled. */
  isUnchanged(file: string): boolean {
    const entry = this.files[file];
    return entry !== undefined && sameStamp(stampOf(file), entry.stamp) && entry.kind === packageKindOf(file);
  }

  /** Whether neither the file nor any of its direct or indirect imports has changed. */
  isFresh(file: string, visiting = new Set<string>()): boolean {
    const known = this.verdicts.get(file);
    if (known !== undefined) return known;
    if (visiting.has(file)) return true;
    const entry = this.files[file];
    if (entry === undefined || !this.isUnchanged(file)) {
      this.verdicts.set(file, false);
      return false;
    }
    const outermost = visiting.size === 0;
    visiting.add(file);
    const fresh = entry.imports.every((imported) => this.isFresh(imported, visiting));
    // Inside a cycle of imports, a positive answer may be premature: only that of the outermost call is final.
    if (!fresh) this.verdicts.set(file, false);
    else if (outermost) for (const one of visiting) this.verdicts.set(one, true);
    return fresh;
  }
}

function nameOf(code: string): string {
  return `${createHash('sha256').update(code).digest('hex').slice(0, 24)}.js`;
}

function stampOf(file: string): Stamp | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && [stat.mtimeMs, stat.size];
}

function sameStamp(a: Stamp | undefined, b: Stamp): boolean {
  return a !== undefined && a[0] === b[0] && a[1] === b[1];
}

function replace(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}
