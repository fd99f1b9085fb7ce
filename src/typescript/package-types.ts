import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as TypeScript from 'typescript';
import { moduleAt } from '../files/module-file.js';
import { decoratedReferences } from './decorated.js';
import { globalTypes } from './globals.js';

type Ts = typeof TypeScript;

/** The file of a package that declares a name, and the name there. */
interface Declared {
  readonly file: string;
  readonly name: string;
}

/**
 * The declarations of packages that decorator metadata depends on: a class of a package is named in the metadata, an enum becomes `String`
 * or `Number`, and an import that is only a type is left out. Only the files of a package that declare the names used are read, because
 * reading all its declarations takes longer than compiling the project.
 */
export class PackageTypes {
  private readonly exports = new Map<string, ReadonlyMap<string, Declared>>();
  private readonly texts: Map<string, string>;
  private readonly declaring = new Map<string, readonly string[]>();

  constructor(
    private readonly ts: Ts,
    private readonly options: TypeScript.CompilerOptions,
    readonly globals: string,
  ) {
    this.texts = new Map([[globals, globalTypes]]);
  }

  /** The text of a file that exists only in the compiler. */
  textOf(file: string): string | undefined {
    return this.texts.get(file);
  }

  /** The files of the package from which such a file re-exports. */
  sourcesOf(file: string): readonly string[] | undefined {
    return this.declaring.get(file);
  }

  /**
   * A file that exports the names which `source` imports from this module and uses in the types of decorated declarations. Undefined if
   * there are none, or if the package has no types. For a package of the workspace, its own source is returned.
   */
  find(module: string, source: TypeScript.SourceFile, mode: () => TypeScript.ResolutionMode): string | undefined {
    const { ts, options } = this;
    const used = decoratedTypes(ts, source);
    const names = used.size === 0 ? [] : importedFrom(ts, module, source).filter(({ local }) => used.has(local));
    if (names.length === 0) return undefined;
    const found = ts.resolveModuleName(module, source.fileName, options, ts.sys, undefined, undefined, mode());
    const entry = found.resolvedModule?.resolvedFileName;
    if (entry === undefined || !/\.[cm]?tsx?$/.test(entry)) return undefined;
    if (!/\.d\.[cm]?ts$/.test(entry)) return entry;
    const declared = names.flatMap(({ imported }) => {
      const at = this.exportsOf(entry).get(imported);
      return at === undefined ? [] : { ...at, imported };
    });
    if (declared.length === 0) return undefined;
    const lines = declared.map((one) => `export { ${one.name} as ${one.imported} } from ${JSON.stringify(one.file)};`);
    const text = lines.toSorted().join('\n');
    const file = join(dirname(entry), `used-${this.numberOf(text)}.d.ts`);
    this.texts.set(file, text);
    this.declaring.set(file, [...new Set(declared.map((one) => one.file))]);
    return file;
  }

  private numberOf(text: string): number {
    const index = [...this.texts.values()].indexOf(text);
    return index === -1 ? this.texts.size : index;
  }

  /** Found in the text, because parsing all files that an index file names takes longer. */
  private exportsOf(file: string, above: ReadonlySet<string> = new Set()): ReadonlyMap<string, Declared> {
    const known = this.exports.get(file);
    if (known !== undefined) return known;
    if (above.has(file)) return new Map();
    const text = readFileSync(file, 'utf8');
    const within = new Set([...above, file]);
    const found = new Map<string, Declared>();
    const of = (specifier: string | undefined): ReadonlyMap<string, Declared> => {
      const path = specifier?.startsWith('.') ? declarationsAt(join(dirname(file), specifier)) : undefined;
      return path === undefined ? new Map() : this.exportsOf(path, within);
    };
    for (const [, specifier] of text.matchAll(everything)) for (const [name, at] of of(specifier)) found.set(name, at);
    for (const [, list = '', specifier] of text.matchAll(listed)) {
      const there = specifier === undefined ? undefined : of(specifier);
      for (const { name, as } of list.split(',').map(renamed)) {
        const at = there === undefined ? { file, name: as } : there.get(name);
        if (at !== undefined) found.set(as, at);
      }
    }
    for (const [, name = ''] of text.matchAll(declaredHere)) found.set(name, { file, name });
    this.exports.set(file, found);
    return found;
  }
}

const everything = /^\s*export\s+(?:type\s+)?\*\s+from\s+['"]([^'"]+)['"]/gm;
const listed = /^\s*export\s+(?:type\s+)?\{([^}]*)\}(?:\s*from\s*['"]([^'"]+)['"])?/gm;
const declaredHere =
  /^\s*export\s+(?:declare\s+)?(?:abstract\s+)?(?:const\s+)?(?:class|enum|type|interface|function|const|let|var)\s+([\w$]+)/gm;

function renamed(one: string): { readonly name: string; readonly as: string } {
  const [name = '', as = name] = one
    .trim()
    .replace(/^type\s+/, '')
    .split(/\s+as\s+/);
  return { name, as };
}

function declarationsAt(path: string): string | undefined {
  const bare = path.replace(/\.([cm]?)js$/, '');
  const ending = /\.([cm])js$/.exec(path)?.[1] ?? '';
  return moduleAt(`${bare}.d.${ending}ts`) ?? moduleAt(join(path, 'index.d.ts'));
}

/** The names that a file imports from a module. The compiler knows one file for each module, even if it is imported several times. */
function importedFrom(
  ts: Ts,
  module: string,
  source: TypeScript.SourceFile,
): readonly { readonly local: string; readonly imported: string }[] {
  return source.statements.flatMap((one) => {
    if (!ts.isImportDeclaration(one) || !ts.isStringLiteral(one.moduleSpecifier)) return [];
    const bindings = one.moduleSpecifier.text === module ? one.importClause?.namedBindings : undefined;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
    return bindings.elements.map(({ name, propertyName: given }) => ({
      local: name.text,
      imported: (given ?? name).text,
    }));
  });
}

/** The names in the types that become metadata. */
function decoratedTypes(ts: Ts, source: TypeScript.SourceFile): ReadonlySet<string> {
  const names = decoratedReferences(ts, source).map(({ typeName }) => typeName);
  return new Set(names.filter(ts.isIdentifier).map((name) => name.text));
}
