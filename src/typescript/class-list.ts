import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type * as TypeScript from 'typescript';
import type { ClassInFile, ClassList, ListChange } from '../files/class-list.js';
import { classTextsIn } from '../files/class-text.js';
import { moduleAt } from '../files/module-file.js';
import { requireFrom } from '../require-from.js';
import { typescriptDir } from './project.js';

type Ts = typeof TypeScript;

/** A file of the project, parsed. */
interface Parsed {
  readonly ts: Ts;
  readonly file: string;
  readonly source: TypeScript.SourceFile;
}

/** A list of identifiers, or, if undefined, a module whose exports are the list. */
interface Found {
  readonly in: Parsed;
  readonly array?: TypeScript.ArrayLiteralExpression;
}

/** Files that are read in search of the list: a data source is not far from it, and the module of an app imports the whole app. */
const most = 300;

/**
 * Finds the list of migration classes that a data source file, or the module of an app, passes to TypeORM: in that file, or else in files that
 * it imports, directly or indirectly. `loaded` are the names of the classes that the data source has, which tell the list from others.
 * Undefined if there is no list, if there are several, or if the project's parser cannot be used (TypeScript 7 has none).
 */
export function readClassList(file: string, projectDir: string, loaded: readonly string[]): ClassList | undefined {
  const ts = parserOf(projectDir);
  if (ts === undefined) return undefined;
  const seen = new Set([file]);
  for (let files = [file]; files.length > 0 && seen.size <= most;) {
    const parsed = files.map((one) => parse(ts, one));
    const lists = parsed.flatMap((one) =>
      optionsNamed('migrations', one).flatMap((expression) => listIn(expression, one) ?? []),
    );
    const unlike = [...new Map(lists.map((one) => [`${one.in.file} ${one.array?.pos ?? ''}`, one])).values()];
    const isSure = unlike.length === 1 && seen.size === 1;
    const [only, another] = isSure ? unlike : unlike.filter((one) => isOf(loaded, one));
    if (only !== undefined) return another === undefined ? classList(only) : undefined;
    files = [...new Set(parsed.flatMap(filesBehind))].filter((one) => !seen.has(one));
    for (const one of files) seen.add(one);
  }
  return undefined;
}

function classList({ in: parsed, array }: Found): ClassList {
  return array === undefined ? ofExports(parsed) : ofArray(parsed, array);
}

/** Whether these are the names of the classes in a list. */
function isOf(loaded: readonly string[], found: Found): boolean {
  const names =
    found.array === undefined
      ? classList(found).files.flatMap((file) => classTextsIn(readFileSync(file, 'utf8')).map(({ name }) => name))
      : found.array.elements.map((one) => one.getText());
  return names.length > 0 && names.length === loaded.length && names.every((name) => loaded.includes(name));
}

/** The files of the project that a file imports, or exports from. */
function filesBehind(parsed: Parsed): readonly string[] {
  const { ts, source } = parsed;
  const exported = source.statements.flatMap((one) =>
    ts.isExportDeclaration(one) && one.moduleSpecifier !== undefined && ts.isStringLiteral(one.moduleSpecifier)
      ? one.moduleSpecifier.text
      : [],
  );
  const specifiers = [...importsOf(parsed).map(({ specifier }) => specifier), ...exported];
  return specifiers.flatMap((specifier) => fileOf(specifier, parsed) ?? []).filter((one) => /\.[cm]?[jt]s$/.test(one));
}

function parserOf(projectDir: string): Ts | undefined {
  try {
    const ts = requireFrom(join(projectDir, 'package.json'))(typescriptDir(projectDir)) as Partial<Ts>;
    return ts.createSourceFile === undefined ? undefined : (ts as Ts);
  } catch {
    // Without a parser, a missing class is reported, but the edit is not suggested.
    return undefined;
  }
}

function parse(ts: Ts, file: string): Parsed {
  const text = readFileSync(file, 'utf8');
  return { ts, file, source: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) };
}

/** The values of this property in all object literals of a file. */
function optionsNamed(name: string, { ts, source }: Parsed): readonly TypeScript.Expression[] {
  const found: TypeScript.Expression[] = [];
  const visit = (node: TypeScript.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === name) found.push(node.initializer);
    else if (ts.isShorthandPropertyAssignment(node) && node.name.text === name) found.push(node.name);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function listIn(given: TypeScript.Expression, parsed: Parsed): Found | undefined {
  const { ts } = parsed;
  const expression = bare(given, ts);
  if (ts.isArrayLiteralExpression(expression))
    return expression.elements.some((one) => ts.isIdentifier(one)) ? { in: parsed, array: expression } : undefined;
  if (ts.isIdentifier(expression)) return listNamed(expression.text, parsed);
  if (!ts.isCallExpression(expression) || expression.expression.getText() !== 'Object.values') return undefined;
  const [argument] = expression.arguments;
  const module = argument && ts.isIdentifier(argument) ? moduleNamed(argument.text, parsed) : undefined;
  return module === undefined ? undefined : { in: parse(ts, module) };
}

/** The expression without `as const`, `satisfies` and parentheses. */
function bare(expression: TypeScript.Expression, ts: Ts): TypeScript.Expression {
  return ts.isAsExpression(expression) ||
    // `satisfies` exists since TypeScript 4.9.
    (ts as Partial<typeof ts>).isSatisfiesExpression?.(expression) === true ||
    ts.isParenthesizedExpression(expression)
    ? bare(expression.expression, ts)
    : expression;
}

/** The list of this name: a constant of the file, or of the file that it is imported from. */
function listNamed(name: string, parsed: Parsed): Found | undefined {
  const { ts, source } = parsed;
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const declared = statement.declarationList.declarations.find((one) => one.name.getText() === name);
    if (declared?.initializer !== undefined) return listIn(declared.initializer, parsed);
  }
  for (const one of importsOf(parsed)) {
    const bindings = one.declaration.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
    const imported = bindings.elements.find((element) => element.name.text === name);
    if (imported === undefined) continue;
    const file = fileOf(one.specifier, parsed);
    return file === undefined ? undefined : listNamed((imported.propertyName ?? imported.name).text, parse(ts, file));
  }
  return undefined;
}

/** The file behind `import * as name from './migrations'`. */
function moduleNamed(name: string, parsed: Parsed): string | undefined {
  const { ts } = parsed;
  const found = importsOf(parsed).find(({ declaration }) => {
    const bindings = declaration.importClause?.namedBindings;
    return bindings !== undefined && ts.isNamespaceImport(bindings) && bindings.name.text === name;
  });
  return found && fileOf(found.specifier, parsed);
}

interface Import {
  readonly declaration: TypeScript.ImportDeclaration;
  readonly specifier: string;
}

function importsOf({ ts, source }: Parsed): readonly Import[] {
  return source.statements.flatMap((declaration) =>
    ts.isImportDeclaration(declaration) && ts.isStringLiteral(declaration.moduleSpecifier)
      ? { declaration, specifier: declaration.moduleSpecifier.text }
      : [],
  );
}

function fileOf(specifier: string, { file }: Parsed): string | undefined {
  return specifier.startsWith('.') ? moduleAt(resolve(dirname(file), specifier)) : undefined;
}

function ofArray(parsed: Parsed, array: TypeScript.ArrayLiteralExpression): ClassList {
  const { ts, file, source } = parsed;
  const names = new Set(array.elements.filter((one) => ts.isIdentifier(one)).map((one) => one.getText()));
  const own = importsOf(parsed).filter(({ declaration }) => {
    const bindings = declaration.importClause?.namedBindings;
    return bindings && ts.isNamedImports(bindings) && bindings.elements.some((one) => names.has(one.name.text));
  });
  const isPlain = names.size === array.elements.length && own.length > 0;
  return {
    file,
    files: own.flatMap(({ specifier }) => fileOf(specifier, parsed) ?? []),
    adding: (classes) => {
      const [lastImport, lastElement] = [own.at(-1), array.elements.at(-1)];
      if (!isPlain || lastImport === undefined || lastElement === undefined) return undefined;
      const imports = inFiles(classes).map(
        (one) => `import { ${one.names.join(', ')} } from ${specifierOf(one.file, file, lastImport.declaration)};`,
      );
      const text = source.text;
      const at = { line: source.getLineAndCharacterOfPosition(lastElement.getStart()).line, end: lastElement.getEnd() };
      const isOnItsOwn = source.getLineAndCharacterOfPosition(array.getStart()).line !== at.line;
      const indent = /^[ \t]*/.exec(text.slice(source.getPositionOfLineAndCharacter(at.line, 0)))?.[0] ?? '';
      const gap = isOnItsOwn ? `,${newLineOf(text)}${indent}` : ', ';
      return changed(parsed, [
        {
          at: lastImport.declaration.getEnd(),
          text: imports.map((line) => newLineOf(text) + line).join(''),
          lines: imports,
        },
        {
          at: at.end,
          text: classes.map(({ name }) => gap + name).join(''),
          lines: classes.map(({ name }) => `  ${name},`),
        },
      ]);
    },
  };
}

/** An index file, which exports each class from the file that contains it. */
function ofExports(parsed: Parsed): ClassList {
  const { ts, file, source } = parsed;
  const own = source.statements.filter(
    (one): one is TypeScript.ExportDeclaration => ts.isExportDeclaration(one) && one.moduleSpecifier !== undefined,
  );
  const specifiers = own.flatMap(({ moduleSpecifier: one }) => (one && ts.isStringLiteral(one) ? one.text : []));
  return {
    file,
    files: specifiers.flatMap((specifier) => fileOf(specifier, parsed) ?? []),
    adding: (classes) => {
      const last = own.at(-1);
      if (last === undefined) return undefined;
      const lines = inFiles(classes).map((one) => {
        const what = last.exportClause === undefined ? '*' : `{ ${one.names.join(', ')} }`;
        return `export ${what} from ${specifierOf(one.file, file, last)};`;
      });
      return changed(parsed, [
        { at: last.getEnd(), text: lines.map((line) => newLineOf(source.text) + line).join(''), lines },
      ]);
    },
  };
}

/** A file with all migrations of a change is imported once. */
function inFiles(
  classes: readonly ClassInFile[],
): readonly { readonly file: string; readonly names: readonly string[] }[] {
  const files = [...new Set(classes.map(({ file }) => file))];
  return files.map((file) => ({ file, names: classes.filter((one) => one.file === file).map(({ name }) => name) }));
}

/** The specifier of an import, with the quotes and the extension of an existing one. */
function specifierOf(
  file: string,
  from: string,
  like: TypeScript.ImportDeclaration | TypeScript.ExportDeclaration,
): string {
  const given = like.moduleSpecifier?.getText() ?? "''";
  const ending = /\.[cm]?[jt]s(?=.$)/.exec(given)?.[0] ?? '';
  const path = relative(dirname(from), file)
    .split(sep)
    .join('/')
    .replace(/\.[cm]?[jt]s$/, ending);
  return `${given[0]}${path.startsWith('.') ? path : `./${path}`}${given[0]}`;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
  readonly lines: readonly string[];
}

function changed({ file, source: { text } }: Parsed, insertions: readonly Insertion[]): ListChange {
  const last = insertions.toSorted((a, b) => b.at - a.at);
  return {
    file,
    lines: insertions.flatMap(({ lines }) => lines),
    before: text,
    text: last.reduce((all, { at, text: added }) => all.slice(0, at) + added + all.slice(at), text),
  };
}

function newLineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
