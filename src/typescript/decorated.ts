import type * as TypeScript from 'typescript';

type Ts = typeof TypeScript;

/**
 * The type references that become metadata: of decorated properties, of parameters and results of decorated methods, and of constructors.
 */
export function decoratedReferences(ts: Ts, source: TypeScript.SourceFile): readonly TypeScript.TypeReferenceNode[] {
  const references: TypeScript.TypeReferenceNode[] = [];
  if (!source.text.includes('@')) return references;
  const ofType = (node: TypeScript.Node): void => {
    if (ts.isTypeReferenceNode(node)) references.push(node);
    ts.forEachChild(node, ofType);
  };
  const visit = (node: TypeScript.Node): void => {
    if (ts.isClassElement(node) && isDecorated(ts, node)) typesOf(ts, node).forEach(ofType);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return references;
}

/**
 * If the compiler cannot resolve an imported type, because it depends on types that were not read, it emits the name, as if the type might
 * be a class. It also drops the import, since no such value exists at run time, so loading the file would fail. Such a type is certainly
 * not a class, so its metadata is `Object`.
 */
export function asObjects(
  ts: Ts,
  checker: TypeScript.TypeChecker,
): TypeScript.TransformerFactory<TypeScript.SourceFile> {
  const isUnknown = ({ typeName }: TypeScript.TypeReferenceNode): boolean => {
    const symbol = ts.isIdentifier(typeName) ? checker.getSymbolAtLocation(typeName) : undefined;
    if (symbol === undefined || !(symbol.flags & ts.SymbolFlags.Alias)) return false;
    const meant = checker.getAliasedSymbol(symbol);
    if (meant.flags & ts.SymbolFlags.Value || !(meant.flags & ts.SymbolFlags.Type)) return false;
    return Boolean(checker.getDeclaredTypeOfSymbol(meant).flags & ts.TypeFlags.Any);
  };
  return (context) => (source) => {
    const unknown = new Set<TypeScript.Node>(decoratedReferences(ts, source).filter(isUnknown));
    const visit = (node: TypeScript.Node): TypeScript.Node =>
      unknown.has(node)
        ? context.factory.createKeywordTypeNode(ts.SyntaxKind.AnyKeyword)
        : ts.visitEachChild(node, visit, context);
    return unknown.size === 0 ? source : ts.visitEachChild(source, visit, context);
  };
}

function isDecorated(ts: Ts, member: TypeScript.ClassElement): boolean {
  const has = (node: TypeScript.Node): boolean => decoratorsOf(ts, node).length > 0;
  const parameters = ts.isFunctionLike(member) ? member.parameters : [];
  return has(member) || parameters.some(has) || (ts.isConstructorDeclaration(member) && has(member.parent));
}

/** Before TypeScript 4.8, they were a property of every node. */
function decoratorsOf(ts: Partial<Ts>, node: TypeScript.Node): readonly TypeScript.Node[] {
  if (ts.canHaveDecorators === undefined || ts.getDecorators === undefined)
    return (node as { readonly decorators?: readonly TypeScript.Node[] }).decorators ?? [];
  return (ts.canHaveDecorators(node) && ts.getDecorators(node)) || [];
}

function typesOf(ts: Ts, member: TypeScript.ClassElement): readonly TypeScript.TypeNode[] {
  if (ts.isPropertyDeclaration(member)) return member.type === undefined ? [] : [member.type];
  if (!ts.isFunctionLike(member)) return [];
  return [member.type, ...member.parameters.map(({ type }) => type)].filter((type) => type !== undefined);
}
