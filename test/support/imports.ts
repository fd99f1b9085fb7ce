import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';
import { sqlReading } from './sql-reading.js';

/** How a module is reached: only for its types, when the file is loaded, or not before the line runs. */
type ImportKind = 'type' | 'static' | 'lazy';

export interface Import {
  readonly from: string;
  readonly kind: ImportKind;
}

/** What the architecture rules need to know of one source file. */
export interface SourceFile {
  /** Relative to `src/`, with slashes: `database/lock.ts`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** `console`, and those members of `process` that write or end it. */
  readonly terminal: readonly string[];
  readonly bareErrors: number;
  /** How many lines each function has, those inside it included. */
  readonly functions: readonly { readonly name: string; readonly lines: number }[];
  /** What it uses of TypeORM that is no part of its documented interface. */
  readonly typeormInternals: readonly string[];
  /** Where it decides by the text of SQL what it is. */
  readonly sqlReading: readonly string[];
}

export function readSources(dir: string): readonly SourceFile[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files
    .map((name) => scan(relative(dir, join(dir, name)).split(sep).join('/'), readFileSync(join(dir, name), 'utf8')))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

export function scan(path: string, text: string): SourceFile {
  const imports: Import[] = [];
  const terminal: string[] = [];
  const typeormInternals: string[] = [];
  const functions: SourceFile['functions'][number][] = [];
  let bareErrors = 0;
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found) imports.push({ ...found, from: resolved(path, found.from) });
    const used = terminalUse(node);
    if (used) terminal.push(used);
    if (ts.isFunctionLike(node) && 'body' in node && node.body) functions.push(measured(node, source));
    if (ts.isIdentifier(node) && internals.has(node.text)) typeormInternals.push(node.text);
    if (
      ts.isThrowStatement(node) &&
      ts.isNewExpression(node.expression) &&
      node.expression.expression.getText() === 'Error'
    )
      bareErrors++;
    ts.forEachChild(node, visit);
  };
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  visit(source);
  const lines = text.trimEnd().split('\n').length;
  return { path, lines, imports, terminal, bareErrors, functions, typeormInternals, sqlReading: sqlReading(source) };
}

function measured(node: ts.SignatureDeclaration, source: ts.SourceFile): SourceFile['functions'][number] {
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return { name: named?.getText(source) ?? 'a function', lines: lineAt(node.end) - lineAt(node.getStart(source)) + 1 };
}

/** Methods and fields of TypeORM's own that are not documented: another version may not have them. */
const internals = new Set(
  `afterConnect buildMetadatas createMetadataTableIfNecessary createSchemaBuilder findChangedColumns getTablePath loadedTables loadedViews
   normalizeDefault obtainMasterConnection relationIdLoader relationLoader transactionDepth`.split(/\s+/),
);

/** The path below `src/` that a relative import reaches; a package keeps its name. */
function resolved(path: string, from: string): string {
  return from.startsWith('.') ? posix.join(posix.dirname(path), from).replace(/\.js$/, '.ts') : from;
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return declared(node.moduleSpecifier, isTypeOnlyImport(node));
  if (ts.isExportDeclaration(node) && node.moduleSpecifier)
    return declared(node.moduleSpecifier, isTypeOnlyExport(node));
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return declared(node.argument.literal, true);
  if (!ts.isCallExpression(node)) return undefined;
  const called = node.expression;
  const loads = called.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(called) && called.text === 'require');
  const [name] = node.arguments;
  return loads && name && ts.isStringLiteralLike(name) ? { from: name.text, kind: 'lazy' } : undefined;
}

function declared(specifier: ts.Node, typeOnly: boolean): Import | undefined {
  return ts.isStringLiteralLike(specifier) ? { from: specifier.text, kind: typeOnly ? 'type' : 'static' } : undefined;
}

function isTypeOnlyImport({ importClause }: ts.ImportDeclaration): boolean {
  if (!importClause) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = importClause.namedBindings;
  return (
    !importClause.name &&
    !!named &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

function isTypeOnlyExport({ isTypeOnly, exportClause }: ts.ExportDeclaration): boolean {
  return (
    isTypeOnly ||
    (!!exportClause &&
      ts.isNamedExports(exportClause) &&
      exportClause.elements.length > 0 &&
      exportClause.elements.every((element) => element.isTypeOnly))
  );
}

function terminalUse(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const text = `${node.expression.text}.${node.name.text}`;
    return /^(console\.|process\.(exit|exitCode|stdout|stderr)$)/.test(text) ? text : undefined;
  }
  return undefined;
}
