import ts from 'typescript';

/** Words that only SQL text is searched for. Types, functions and the words of other languages are not among them. */
const keywords =
  `ABORT ALTER ANALYZE BEGIN CALL CASCADE CHECK CLUSTER COLLATE COMMENT COMMIT CONCURRENTLY CONSTRAINT COPY CREATE DEFAULT DELETE DETACH
   DISCARD DO DROP EXECUTE EXPLAIN EXTENSION FOREIGN FUNCTION GENERATED GRANT IDENTITY INDEX INSERT INTO MERGE NULL OWNED PARTITION PREPARE
   PRIMARY REFERENCES REFRESH REINDEX RELEASE RENAME RESET RETURNING REVOKE ROLLBACK SAVEPOINT SCHEMA SELECT SEQUENCE SET SHOW START TABLE
   TRANSACTION TRIGGER TRUNCATE TYPE UNIQUE UPDATE USING VACUUM VALID VALIDATE VALUES VIEW WHERE`.split(/\s+/);
const keyword = new RegExp(String.raw`(?<![\w'-])(?:${keywords.join('|')})(?![\w'-])`);
const anyCase = new RegExp(keyword, 'i');
/** Patterns for comments of SQL, and for what stands in its quotes. */
const lexical = /--\[\^|\[\^"\]\|""|\[\^'\]\|''/;
const readers = new Set(
  'endsWith includes indexOf lastIndexOf match matchAll replace replaceAll search split startsWith'.split(' '),
);

/** Where a source decides by the text of SQL what it is, each as `line: text`. */
export function sqlReading(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const note = (node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${line + 1}: ${node.getText()}`);
  };
  const visit = (node: ts.Node): void => {
    if (patternsIn(node).some(isAboutSql)) note(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

interface Pattern {
  readonly text: string;
  readonly is: 'regular expression' | 'string';
}

/** The texts that a node compares with. */
function patternsIn(node: ts.Node): readonly Pattern[] {
  if (ts.isRegularExpressionLiteral(node)) return [{ text: node.text, is: 'regular expression' }];
  if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp')
    return textsIn(node).map((text) => ({ text, is: 'regular expression' }));
  if (ts.isCaseClause(node)) return textsIn(node.expression).map((text) => ({ text, is: 'string' }));
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { name, expression } = node.expression;
  if (!readers.has(name.text)) return [];
  const list = ts.isArrayLiteralExpression(expression) ? textsIn(expression) : [];
  const first = node.arguments[0];
  return [...list, ...(first && ts.isStringLiteralLike(first) ? [first.text] : [])].map((text) => ({
    text,
    is: 'string',
  }));
}

function textsIn(node: ts.Node): readonly string[] {
  if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isNoSubstitutionTemplateLiteral(node))
    return [node.rawText ?? node.text];
  if (ts.isStringLiteral(node)) return [node.text];
  const texts: string[] = [];
  ts.forEachChild(node, (child) => void texts.push(...textsIn(child)));
  return texts;
}

function isAboutSql({ text, is }: Pattern): boolean {
  if (is === 'string') return keyword.test(text);
  const pattern = text.replace(/\\[bsdwSDWB]/g, ' ');
  return (/\/[a-z]*i[a-z]*$/.test(text) ? anyCase : keyword).test(pattern) || lexical.test(text);
}

/** Files that still read SQL by themselves, and in how many places: `passwords.ts` reads messages that quote pieces of SQL. */
export const stillReading: Readonly<Record<string, number>> = {
  'passwords.ts': 1,
};
