import { isKey, isMember } from './tokens.js';
import type { Token } from './tokens.js';

/** What a file loads. */
export interface Import {
  readonly specifier: string;
  /** The names that it uses; undefined if that is unclear. `*` means everything. */
  readonly names: readonly string[] | undefined;
}

export interface Imports {
  readonly imports: readonly Import[];
  /** The names by which the file refers to its imports. */
  readonly bindings: ReadonlySet<string>;
  /** Whether it loads a module whose name is computed at run time. */
  readonly computed: boolean;
}

/** Everything that a file loads when it is executed. Type-only imports are left out. */
export function importsOf(tokens: readonly Token[]): Imports {
  const reader = new Reader(tokens);
  for (let at = 0; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at] as Token;
    if (kind !== 'word' || isMember(tokens, at) || isKey(tokens, at)) continue;
    if (text === 'import') reader.takeImport(at);
    else if (text === 'export') reader.takeExport(at);
    else if (text === 'require') reader.takeRequire(at);
  }
  return { imports: reader.found, bindings: reader.bindings, computed: reader.computed };
}

class Reader {
  readonly found: Import[] = [];
  readonly bindings = new Set<string>();
  computed = false;

  constructor(private readonly tokens: readonly Token[]) {}

  takeImport(at: number): void {
    const next = this.tokens[at + 1];
    // `import.meta`.
    if (this.is(at + 1, '.')) return;
    if (next?.kind === 'string') return void this.found.push({ specifier: next.text, names: [] });
    if (this.is(at + 1, '(')) return this.takeCall(at + 1);
    // `import x = require('y')` is found at its `require`.
    if (this.is(at + 2, '=')) return;
    const isType = this.is(at + 1, 'type') && !this.is(at + 2, 'from') && !this.is(at + 2, ',');
    const from = this.indexOfFrom(at + 1);
    if (from === undefined) this.computed = true;
    else if (!isType) this.add(from, this.clauseNames(at + 1, from));
  }

  takeExport(at: number): void {
    if (!this.is(at + 1, '{') && !this.is(at + 1, '*')) return;
    const end = this.is(at + 1, '{') ? this.closing(at + 1) + 1 : this.indexOfFrom(at + 1);
    if (end !== undefined && this.is(end, 'from')) this.add(end, ['*']);
  }

  takeRequire(at: number): void {
    if (!this.is(at + 1, '(')) {
      // A parameter or a function named `require`, as in bundles, cannot be analysed.
      this.computed = true;
      return;
    }
    this.takeCall(at + 1, at);
  }

  /** Handles `('name')` after `import` and `require`. */
  private takeCall(open: number, start?: number): void {
    const specifier = this.tokens[open + 1];
    const isWhole = this.is(open + 2, ')') || this.is(open + 2, ',');
    if (specifier?.kind !== 'string' || !isWhole) this.computed = true;
    else
      this.found.push({ specifier: specifier.text, names: start === undefined ? ['*'] : this.required(start, open) });
  }

  /** `const x = require('y')`, also in `__importStar(…)`; `const { a, b: c } = require('y')`. */
  private required(start: number, open: number): readonly string[] | undefined {
    const before =
      this.is(start - 1, '(') && this.tokens[start - 2]?.text.startsWith('__import') ? start - 3 : start - 1;
    if (!this.is(before, '=')) return this.memberAfter(open + 2);
    const target = this.tokens[before - 1];
    if (target?.kind === 'word') return this.usesOf(target.text);
    if (!this.is(before - 1, '}')) return undefined;
    return this.braceNames(this.opening(before - 1), before - 1);
  }

  /** `import a, { b, type C, d as e } from`, `import * as f from`. */
  private clauseNames(from: number, to: number): readonly string[] | undefined {
    const names: string[] = [];
    for (let at = from; at < to; at += 1) {
      const { kind, text } = this.tokens[at] as Token;
      if (text === '{') {
        names.push(...(this.braceNames(at, this.closing(at)) ?? []));
        at = this.closing(at);
      } else if (kind === 'word' && text !== 'as') {
        this.bindings.add(text);
        const uses = this.usesOf(text);
        if (uses === undefined) return undefined;
        names.push(...uses);
      }
    }
    return names;
  }

  private braceNames(open: number, close: number): readonly string[] | undefined {
    const names: string[] = [];
    for (let at = open + 1; at < close; at += 1) {
      if (this.is(at, 'type') && this.tokens[at + 1]?.kind === 'word' && !this.is(at + 1, 'as')) {
        while (at < close && !this.is(at, ',')) at += 1;
        continue;
      }
      const name = this.tokens[at];
      if (name?.kind !== 'word') return undefined;
      names.push(name.text);
      while (at < close && !this.is(at, ',')) {
        if (this.tokens[at]?.kind === 'word') this.bindings.add(this.tokens[at]?.text ?? '');
        at += 1;
      }
    }
    return names;
  }

  /** The members that are used of a binding: for `fs.promises.readFile`, it is `readFile`. Undefined if the binding is used as a whole. */
  private usesOf(binding: string): readonly string[] | undefined {
    const names: string[] = [];
    let uses = 0;
    for (const [at, { kind, text }] of this.tokens.entries()) {
      if (kind !== 'word' || text !== binding || isMember(this.tokens, at)) continue;
      const isBound = this.is(at + 1, '=') || this.is(at + 1, 'from') || this.is(at + 1, ',') || this.is(at - 1, 'as');
      if (isBound && (uses += 1) === 1) continue;
      const members = this.memberAfter(at);
      if (members === undefined) return undefined;
      names.push(...members);
    }
    return names;
  }

  /** The member that a token leads to, skipping `default` and `promises`. */
  private memberAfter(at: number): readonly string[] | undefined {
    for (let dot = at + 1; this.is(dot, '.') || this.is(dot, '?.'); dot += 2) {
      const name = this.tokens[dot + 1];
      if (name?.kind !== 'word') return undefined;
      if (name.text !== 'default' && name.text !== 'promises') return [name.text];
    }
    return undefined;
  }

  private add(from: number, names: readonly string[] | undefined): void {
    this.found.push({ specifier: this.tokens[from + 1]?.text ?? '', names });
  }

  /** The position of the `from` that a string follows. */
  private indexOfFrom(start: number): number | undefined {
    for (let at = start; at < this.tokens.length; at += 1) {
      const token = this.tokens[at];
      if (token?.text === 'from' && this.tokens[at + 1]?.kind === 'string') return at;
      if (token?.kind === 'string' || token?.text === ';') return undefined;
    }
    return undefined;
  }

  private closing(open: number): number {
    for (let at = open; at < this.tokens.length; at += 1) if (this.is(at, '}')) return at;
    return this.tokens.length;
  }

  private opening(close: number): number {
    for (let at = close; at >= 0; at -= 1) if (this.is(at, '{')) return at;
    return 0;
  }

  private is(at: number, text: string): boolean {
    const token = this.tokens[at];
    return token?.text === text && (token.kind === 'symbol' || token.kind === 'word');
  }
}
