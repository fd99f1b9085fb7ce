// What `--json` prints for each command, as the types in src/ say it.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');

/** The type of the result of each command, and where it is declared. */
export const results = {
  dev: ['dev/types', 'DevResult'],
  run: ['types', 'RunResult'],
  plan: ['plan/types', 'PlanResult'],
  status: ['types', 'StatusResult'],
  revert: ['types', 'RevertResult'],
  redo: ['types', 'RedoResult'],
  wait: ['types', 'WaitResult'],
  drift: ['drift/types', 'DriftResult'],
  baseline: ['generate/types', 'BaselineResult'],
  resolve: ['types', 'ResolveResult'],
  database: ['database', 'CreateDatabaseResult', 'DropDatabaseResult'],
  fresh: ['fresh', 'FreshResult'],
  seed: ['seed', 'SeedResult'],
  init: ['../cli/init/init', 'InitResult'],
  generate: ['generate/types', 'GenerateResult'],
  create: ['types', 'CreateResult'],
  check: ['check/types', 'CheckResult'],
  lint: ['lint/types', 'LintResult'],
};

const parsed = new Map();
function sourceOf(file) {
  const source =
    parsed.get(file) ?? ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  parsed.set(file, source);
  return source;
}

/** The declaration of a type, in the file that declares it. */
function declarationOf(name, file) {
  const { statements } = sourceOf(file);
  const own = statements.find(
    (node) => (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) && node.name.text === name,
  );
  if (own) return { node: own, file };
  const from = statements.find(
    (node) =>
      ts.isImportDeclaration(node) && node.importClause?.namedBindings?.elements?.some((one) => one.name.text === name),
  );
  if (!from?.moduleSpecifier.text.startsWith('.')) return undefined;
  return declarationOf(name, join(dirname(file), from.moduleSpecifier.text.replace(/\.js$/, '.ts')));
}

/** The declaration and, before it, all that it refers to. */
function withReferences(name, file, seen) {
  const found = declarationOf(name, file);
  if (found === undefined || seen.has(name)) return [];
  seen.add(name);
  const named = [];
  const visit = (node) => {
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) named.push(node.typeName.text);
    if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression)) named.push(node.expression.text);
    ts.forEachChild(node, visit);
  };
  if (!isComputed(found)) visit(found.node);
  return [...named.flatMap((other) => withReferences(other, found.file, seen)), found];
}

/** `(typeof list)[number]`: the values of the list are in the build. */
const isComputed = ({ node }) => ts.isTypeAliasDeclaration(node) && ts.isIndexedAccessTypeNode(node.type);

async function textOf(found) {
  const { node, file } = found;
  if (!isComputed(found))
    return node
      .getText()
      .replace(/^export /, '')
      .replaceAll('readonly ', '')
      .replaceAll(' | undefined', '');
  const list = /typeof (\w+)/.exec(node.getText())?.[1] ?? '';
  const built = file.replace(join(root, 'src'), join(root, 'build/esm')).replace(/\.ts$/, '.js');
  const { [list]: values } = await import(pathToFileURL(built).href);
  // There are as many error codes as sections in errors.md.
  return values.length > 20
    ? `type ${node.name.text} = string;`
    : `type ${node.name.text} = ${values.map((value) => `'${value}'`).join(' | ')};`;
}

const fileOf = (place) => join(root, 'src/commands', `${place}.ts`);

/** The types of one command that no command before it has brought. */
export async function typesOf(command, seen) {
  const [place, ...names] = results[command];
  const found = names.flatMap((name) => withReferences(name, fileOf(place), seen));
  return Promise.all(found.toReversed().map(textOf));
}

/** `{ applied, deferred, problems? }` */
export function outlineOf(command) {
  const [place, ...names] = results[command];
  const outlines = names.map((name) => {
    const { node } = declarationOf(name, fileOf(place));
    return `{ ${fieldsOf(node).join(', ')} }`;
  });
  return [...new Set(outlines)].join(' or ');
}

function fieldsOf(node) {
  const inherited = (node.heritageClauses ?? []).flatMap(({ types }) =>
    // `Pick<RunResult, 'applied'>`
    types.flatMap((type) => [...type.getText().matchAll(/'(\w+)'/g)].map(([, name]) => name)),
  );
  const own = node.members.map((member) => `${member.name.getText()}${member.questionToken ? '?' : ''}`);
  return [...inherited, ...own];
}
