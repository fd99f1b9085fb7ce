import { dirname, isAbsolute, join, resolve } from 'node:path';
import type * as TypeScript from 'typescript';
import { MigrateError } from '../errors.js';
import type { Compiled } from './cache.js';
import { asObjects } from './decorated.js';
import { PackageTypes } from './package-types.js';
import { typescriptDir } from './project.js';
import type { PathMapping, TypeScriptProject } from './project.js';
import { resolveInProject } from './resolve.js';
import { requireFrom } from '../require-from.js';

export interface Compilation {
  readonly compiled: readonly Compiled[];
  readonly configFiles: readonly string[];
  readonly mapping: PathMapping;
}

export interface Compiler {
  /** Compiles a file and everything in the project that it imports. */
  compile(file: string): Compilation;
  /** From now on, files that have changed are compiled again. */
  forget(): void;
  readonly mapping: PathMapping;
}

/** What the cache knows of a file. */
interface CompiledFiles {
  /** Whether it need not be compiled again. */
  isCompiled(file: string): boolean;
  /** Whether its own text is the one that was compiled. */
  isUnchanged(file: string): boolean;
}

type Ts = typeof TypeScript;

/**
 * Compiles with the project's own TypeScript, as `tsc` would: as a program, because decorator metadata needs types from other files (an
 * enum, a union, an interface). The program contains only the files of the project, no library, and of packages only what metadata depends
 * on. Everything else does not affect the output, and reading it is what makes `tsc` slow. Files that are already compiled are only read.
 */
export function createProgramCompiler(
  project: TypeScriptProject,
  { isCompiled, isUnchanged }: CompiledFiles,
): Compiler {
  const ts = requireFrom(join(project.dir, 'package.json'))(typescriptDir(project.dir)) as Ts;
  const { options, configFiles, mapping } = readConfig(ts, project);
  const sources = new Map<string, TypeScript.SourceFile | undefined>();
  const packages = new PackageTypes(ts, options, join(project.dir, 'used-globals.d.ts'));
  const emitted = new Set<string>();
  let previous: TypeScript.Program | undefined;
  let mayHaveChanged = false;
  return {
    mapping,
    forget: () => void (mayHaveChanged = true),
    compile(file) {
      if (mayHaveChanged) {
        for (const read of sources.keys())
          if (packages.textOf(read) === undefined && !isUnchanged(read)) sources.delete(read);
        emitted.clear();
        mayHaveChanged = false;
      }
      const imports = new Map<string, string[]>();
      const host = createHost(ts, options, { mapping, sources, packages, imports });
      const program = ts.createProgram({
        rootNames: [packages.globals, file],
        options,
        host,
        ...(previous && { oldProgram: previous }),
      });
      previous = program;
      const before = [asObjects(ts, program.getTypeChecker())];
      const compiled: Compiled[] = [];
      for (const source of program.getSourceFiles()) {
        // A declaration file has no output, but its types are in the metadata of the files that import it.
        if (source.isDeclarationFile && packages.textOf(source.fileName) === undefined)
          compiled.push({ file: source.fileName, imports: [], code: '' });
        if (source.isDeclarationFile) continue;
        if (source.fileName !== file && (emitted.has(source.fileName) || isCompiled(source.fileName))) continue;
        refuseSyntaxErrors(ts, program, source);
        let code = '';
        const keep = (name: string, text: string): void => void (/\.[cm]?jsx?$/.test(name) && (code = text));
        program.emit(source, keep, undefined, false, { before });
        emitted.add(source.fileName);
        const resolved = importsOf(source.fileName, imports, program, mapping, ts);
        compiled.push({ file: source.fileName, imports: resolved, code });
      }
      return { compiled, configFiles, mapping };
    },
  };
}

function importsOf(
  file: string,
  imports: ReadonlyMap<string, string[]>,
  program: TypeScript.Program,
  mapping: PathMapping,
  ts: Ts,
): readonly string[] {
  const asked = imports.get(file);
  if (asked) return asked;
  // A source that was reused from the previous program is not resolved again.
  const source = program.getSourceFile(file);
  const names = source ? ts.preProcessFile(source.text, true, true).importedFiles.map((one) => one.fileName) : [];
  return names.map((name) => resolveInProject(name, file, mapping)).filter((found) => found !== undefined);
}

interface Known {
  readonly mapping: PathMapping;
  readonly sources: Map<string, TypeScript.SourceFile | undefined>;
  readonly packages: PackageTypes;
  /** The files of the project that each file imports. */
  readonly imports: Map<string, string[]>;
}

function createHost(
  ts: Ts,
  options: TypeScript.CompilerOptions,
  { mapping, sources, packages, imports }: Known,
): TypeScript.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, how, ...rest) => {
    const text = packages.textOf(name);
    if (!sources.has(name))
      sources.set(
        name,
        text === undefined ? readSource(name, how, ...rest) : ts.createSourceFile(name, text, how, true),
      );
    return sources.get(name);
  };
  const resolve = (name: string, source: TypeScript.SourceFile, mode: () => TypeScript.ResolutionMode) => {
    const containing = source.fileName;
    if (source.isDeclarationFile) return resolvedTo(packages.textOf(containing) && name);
    const found = resolveInProject(name, containing, mapping) ?? packages.find(name, source, mode);
    if (found === undefined || !/\.[cm]?tsx?$/.test(found)) return resolvedTo(undefined);
    const read = packages.sourcesOf(found) ?? [found];
    imports.set(containing, [...(imports.get(containing) ?? []), ...read]);
    return resolvedTo(found);
  };
  host.resolveModuleNameLiterals = (literals, _containing, _redirected, _options, source) =>
    literals.map((literal) =>
      resolve(literal.text, source, () => ts.getModeForUsageLocation(source, literal, options)),
    );
  // TypeScript before 5.0 knows only this method. Later versions ignore it if the other one exists.
  host.resolveModuleNames = (names, containing, _reused, _redirected, _options, given) => {
    const source = given ?? sources.get(containing);
    return names.map((name) => source && resolve(name, source, () => undefined).resolvedModule);
  };
  return host;
}

function resolvedTo(file: string | undefined): TypeScript.ResolvedModuleWithFailedLookupLocations {
  if (file === undefined) return { resolvedModule: undefined };
  const extension = /\.d\.[cm]?ts$/.exec(file)?.[0] ?? file.slice(file.lastIndexOf('.'));
  return { resolvedModule: { resolvedFileName: file, extension, isExternalLibraryImport: false } };
}

function readConfig(
  ts: Ts,
  project: TypeScriptProject,
): { options: TypeScript.CompilerOptions; configFiles: readonly string[]; mapping: PathMapping } {
  const { own, configFiles } = readOwnOptions(ts, project);
  const given: TypeScript.CompilerOptions = own ?? {
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    target: ts.ScriptTarget.ES2022,
  };
  return { options: loaderOptions(ts, given), configFiles, mapping: mappingOf(given, project) };
}

function readOwnOptions(
  ts: Ts,
  { tsconfig }: TypeScriptProject,
): { own: TypeScript.CompilerOptions | undefined; configFiles: readonly string[] } {
  if (tsconfig === undefined) return { own: undefined, configFiles: [] };
  const configFiles: string[] = [];
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic: TypeScript.Diagnostic) => {
      throw badConfig(ts, diagnostic, tsconfig);
    },
    readFile: (file: string) => {
      if (file.endsWith('.json')) configFiles.push(resolve(file));
      return ts.sys.readFile(file);
    },
    // The files of the project are not listed, because that would read every folder.
    readDirectory: () => [],
  };
  const own = ts.getParsedCommandLineOfConfigFile(tsconfig, undefined, host)?.options;
  return { own, configFiles: [...new Set(configFiles)] };
}

/** Options that would write files, or that make sense only with other module settings. */
const leftOut = [
  ...['outDir', 'outFile', 'rootDir', 'rootDirs', 'tsBuildInfoFile', 'declarationDir', 'sourceRoot', 'mapRoot'],
  ...['lib', 'customConditions', 'resolvePackageJsonExports', 'resolvePackageJsonImports'],
];

/** The user's options, changed as a loader needs them: modules as Node will treat the file, output in memory, no checks. */
function loaderOptions(ts: Ts, given: TypeScript.CompilerOptions): TypeScript.CompilerOptions {
  // Before 4.7, TypeScript knew no modules as Node treats them: projects of that time are CommonJS.
  const { NodeNext: module = ts.ModuleKind.CommonJS } = ts.ModuleKind as Partial<typeof ts.ModuleKind>;
  const { NodeNext: moduleResolution = ts.ModuleResolutionKind.NodeJs } = ts.ModuleResolutionKind as Partial<
    typeof ts.ModuleResolutionKind
  >;
  const nodeModules =
    given.module !== undefined && given.module >= ts.ModuleKind.Node16 && given.module <= ts.ModuleKind.NodeNext;
  const modern = Number(ts.version.split('.')[0]) >= 6;
  const options: TypeScript.CompilerOptions = {
    ...given,
    target: given.target ?? ts.ScriptTarget.ES2022,
    useDefineForClassFields: given.useDefineForClassFields ?? (given.target ?? 0) >= ts.ScriptTarget.ES2022,
    module,
    moduleResolution,
    esModuleInterop: given.esModuleInterop ?? (modern || nodeModules),
    noLib: true,
    noCheck: true,
    types: [],
    noEmit: false,
    noEmitOnError: false,
    emitDeclarationOnly: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    inlineSourceMap: true,
    inlineSources: false,
    removeComments: false,
    allowImportingTsExtensions: false,
    rewriteRelativeImportExtensions: false,
    isolatedDeclarations: false,
    incremental: false,
    composite: false,
    skipLibCheck: true,
    allowJs: false,
    configFilePath: undefined,
  };
  for (const name of leftOut) delete options[name];
  return options;
}

function mappingOf(given: TypeScript.CompilerOptions, { tsconfig, dir }: TypeScriptProject): PathMapping {
  const base = (given['pathsBasePath'] as string | undefined) ?? (tsconfig ? dirname(tsconfig) : dir);
  const absolute = (pattern: string): string =>
    isAbsolute(pattern) ? pattern : resolve(given.baseUrl ?? base, pattern);
  const paths = Object.fromEntries(
    Object.entries(given.paths ?? {}).map(([name, targets]) => [name, targets.map(absolute)]),
  );
  return { baseUrl: given.baseUrl, paths };
}

function refuseSyntaxErrors(ts: Ts, program: TypeScript.Program, source: TypeScript.SourceFile): void {
  const [diagnostic] = program.getSyntacticDiagnostics(source);
  if (!diagnostic) return;
  const { line, character } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
  const text = source.text.split(/\r?\n/)[line] ?? '';
  throw new MigrateError({
    code: 'TYPESCRIPT_SYNTAX',
    message: `${source.fileName}:${line + 1}:${character + 1} is not TypeScript: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}\n  ${text}\n  ${' '.repeat(character)}^`,
    next: 'Correct that line. The database was not touched.',
  });
}

function badConfig(ts: Ts, diagnostic: TypeScript.Diagnostic, file: string): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `${file} cannot be read: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`,
    next: 'Correct it, or name another one: --tsconfig',
    exitCode: 2,
  });
}
