import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { dependsOnMoment } from '../sql/index.js';
import { DataFiles } from './data-files.js';
import { downFileOf } from '../files/sql-names.js';
import { factsOf, noFacts, sqlFacts } from './facts.js';
import type { Facts, Role } from './facts.js';
import type { Import } from './imports.js';
import { targetOf } from './resolve.js';
import type { Target } from './resolve.js';

/** A migration, given by its file. The text is read from the file unless it is given. */
export interface Source {
  readonly file: string;
  readonly text?: string;
}

export interface Content {
  /** Equal for equal content, wherever the file is; undefined if the migration may behave differently another time. */
  readonly digest: string | undefined;
  /** Why it may behave differently. */
  readonly doubt?: string;
}

interface Read {
  readonly text: string;
  readonly hash: string;
}

interface Visited {
  readonly file: string;
  readonly facts: Facts;
  readonly parts: string[];
}

/** The content of migrations: their files and everything that these import and read. Each file is read once. */
export class Contents {
  readonly #files = new Map<string, Read>();
  readonly #targets = new Map<string, Target>();
  readonly #data = new DataFiles();
  #newest = 0;

  /** `naming` says whether TypeORM or code of the project names the objects that the query runner creates. */
  constructor(private readonly naming: 'default' | 'own') {}

  /** All files that were read. */
  get files(): ReadonlySet<string> {
    return new Set(this.#files.keys());
  }

  /** The modification time of the newest of them. */
  get newestMs(): number {
    return this.#newest;
  }

  of({ file, text }: Source): Content {
    const visited = new Map<string, Visited>();
    try {
      const doubt = this.#visit(resolve(file), 'migration', visited, text) ?? this.#readData(visited);
      if (doubt !== undefined) return { digest: undefined, doubt };
      const parts = [...visited.values()].flatMap((one) => one.parts);
      const env = [...new Set([...visited.values()].flatMap(({ facts }) => facts.env))].toSorted();
      const values = env.flatMap((name) => ['env', name, JSON.stringify(process.env[name]) ?? '']);
      return { digest: hashOf([...parts, ...values].map((part) => `${part.length}:${part}`).join('')) };
    } catch {
      // The error is reported, with its file, when the migration is executed.
      return { digest: undefined, doubt: 'something that it needs cannot be read' };
    }
  }

  /** Visits a file and everything that it imports. Returns the reason if one of them may behave differently another time. */
  #visit(file: string, role: Role, visited: Map<string, Visited>, given?: string): string | undefined {
    const { text, hash } = given === undefined ? this.#read(file) : { text: given, hash: hashOf(given) };
    const facts = this.#factsOf({ file, text, hash, role });
    if (facts.doubt !== undefined) return facts.doubt;
    if (facts.namesThings && this.naming === 'own') return 'a naming strategy of the project gives names';
    const parts = ['file', hash];
    const down = role === 'migration' ? downFileOf(file) : undefined;
    if (down !== undefined) parts.push('down', this.#read(down).hash);
    visited.set(file, { file, facts, parts });
    for (const one of facts.imports) {
      const target = this.#targetOf(one, dirname(file));
      if (target === undefined) return `it uses ${one.specifier}`;
      if ('constant' in target) parts.push(target.constant);
      else
        for (const next of target.files) {
          const place = [...visited.keys()].indexOf(next);
          parts.push(`#${place === -1 ? visited.size : place}`);
          const doubt = place === -1 ? this.#visit(next, 'imported', visited) : undefined;
          if (doubt !== undefined) return doubt;
        }
    }
    return undefined;
  }

  /** Adds the data files that the visited files may read. */
  #readData(visited: Map<string, Visited>): string | undefined {
    const files = this.#data.of([...visited.values()].map(({ file, facts }) => ({ ...facts, file })));
    if (files === undefined) return 'it may read too many files';
    const parts: string[] = [];
    for (const file of files) {
      const { text, hash } = this.#read(file);
      if (dependsOnMoment(text, 'alone')) return `${placeOf(file)} depends on the moment`;
      parts.push('data', placeOf(file), hash);
    }
    visited.set('', { file: '', facts: noFacts, parts });
    return undefined;
  }

  #factsOf({ file, text, hash, role }: Read & { readonly file: string; readonly role: Role }): Facts {
    const key = `${role} ${extname(file)} ${hash}`;
    const known = knownFacts.get(key) ?? factsOfFile(file, text, role);
    knownFacts.set(key, known);
    return known;
  }

  #targetOf(one: Import, dir: string): Target {
    const key = JSON.stringify([dir, one]);
    if (!this.#targets.has(key)) this.#targets.set(key, targetOf(one, dir));
    return this.#targets.get(key);
  }

  #read(file: string): Read {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    this.#newest = Math.max(this.#newest, statSync(file).mtimeMs);
    const bytes = readFileSync(file);
    const read = { text: bytes.toString('utf8'), hash: hashOf(bytes) };
    this.#files.set(file, read);
    return read;
  }
}

/** Of a text, by its hash: a command asks several times. */
const knownFacts = new Map<string, Facts>();

function factsOfFile(file: string, text: string, role: Role): Facts {
  if (file.endsWith('.sql')) return role === 'migration' ? sqlFacts(text) : noFacts;
  if (/\.[cm]?[jt]s$/.test(file)) return factsOf(text, role);
  return file.endsWith('.json') ? noFacts : { ...noFacts, doubt: 'it imports what is no plain source' };
}

/** The path of a file in a form that is the same on every machine. */
function placeOf(file: string): string {
  return relative(process.cwd(), file).replaceAll(sep, '/');
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
