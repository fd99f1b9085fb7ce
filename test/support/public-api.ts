import ts from 'typescript';

export interface PublicApi {
  /** Everything that can be imported, each as its kind and name. */
  readonly exports: readonly string[];
  /** Types of this package that a public signature mentions, and that cannot be imported. */
  readonly missing: readonly string[];
  /** Exports that say nothing of themselves, and values without an example. */
  readonly undocumented: readonly string[];
}

/** Reads what the declarations of a built entry give to a user. */
export function readPublicApi(entry: string): PublicApi {
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, skipLibCheck: true, noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (source === undefined || module === undefined) throw new Error(`${entry} is no module.`);
  const own = /^.*\/dist\/\w+\//.exec(entry)?.[0] ?? entry;
  const original = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = checker.getExportsOfModule(module);
  const known = new Set(exported.map(original));
  const missing = new Set<string>();
  for (const symbol of known) {
    const visit = (node: ts.Node): void => {
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const name = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
        const met = checker.getSymbolAtLocation(name);
        const target = met && original(met);
        const [declaration] = target?.declarations ?? [];
        const isOurs = declaration?.getSourceFile().fileName.startsWith(own) === true;
        if (
          target &&
          isOurs &&
          !ts.isTypeParameterDeclaration(declaration) &&
          !known.has(target) &&
          isReachable(declaration)
        )
          missing.add(`${target.name} (of ${symbol.name})`);
      }
      if (!isHidden(node)) ts.forEachChild(node, visit);
    };
    for (const declaration of symbol.declarations ?? []) visit(declaration);
  }
  return {
    exports: exported.map((symbol) => `${kindOf(original(symbol))} ${symbol.name}`).toSorted(),
    missing: [...missing].toSorted(),
    undocumented: exported.flatMap((symbol) => lacking(original(symbol), symbol.name, checker)).toSorted(),
  };
}

/** What a file keeps to itself cannot be imported from there either: it is part of the type that mentions it. */
function isReachable(declaration: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(declaration) ? ts.getModifiers(declaration) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isHidden(node: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ?? false;
}

function kindOf({ flags }: ts.Symbol): string {
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Variable) return 'const';
  return 'type';
}

function lacking(symbol: ts.Symbol, name: string, checker: ts.TypeChecker): readonly string[] {
  if (symbol.getDocumentationComment(checker).length === 0) return [`${name}: no comment`];
  const isValue = kindOf(symbol) !== 'type';
  return isValue && !symbol.getJsDocTags().some((tag) => tag.name === 'example') ? [`${name}: no example`] : [];
}
