// Makes a rule to fill in: npm run new:rule indexes/index-without-name
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.env['NEW_RULE_ROOT'] ?? resolve(import.meta.dirname, '..'));
const folder = join(root, 'src/rules');

class Refused extends Error {}

const camelCase = (name) => name.replace(/-(\w)/g, (_all, letter) => letter.toUpperCase());

function placeOf(argument) {
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const [topic, name, ...rest] = (argument ?? '').split('/');
  if (!topic || !name || rest.length > 0)
    throw new Refused(`Say where it belongs and what it is called: npm run new:rule <${folders.join('|')}>/<name>`);
  if (!folders.includes(topic))
    throw new Refused(`There is no folder "${topic}" for rules. There are: ${folders.join(', ')}.`);
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/.test(name))
    throw new Refused(
      `"${name}" is not a valid name for a rule: use two or more lowercase words with hyphens, like drop-index-blocking.`,
    );
  const taken = folders.find((other) => existsSync(join(folder, other, `${name}.ts`)));
  if (taken) throw new Refused(`There is a rule ${name} already: src/rules/${taken}/${name}.ts`);
  return { topic, name };
}

const ruleText = (name) => `import { called, newColumns } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const ${camelCase(name)}: Rule = {
  name: '${name}',
  severity: 'warning',
  title: 'What is wrong, in one short sentence.',
  why: 'What happens and why: who waits, for how long, since which version. What to do instead.',
  check: eachStatement((statement) =>
    newColumns(statement).map(({ table, column }) => ({
      message: \`What happens to whom, because \${called(table)} gets \${column.colname ?? ''}.\`,
      fix: '-- What to write instead, with the real names.',
    })),
  ),
  bad: [{ given: users, sql: 'ALTER TABLE users ADD COLUMN name text' }],
  good: [{ sql: \`\${users}; ALTER TABLE users ADD COLUMN name text\` }],
};
`;

/** With the rule in its place in the alphabet, of the imports and of the list. */
function listWith(text, name) {
  const rule = camelCase(name);
  const [lines, entries] = [text.match(/^import \{.*\} from '\.\/.*';$/gm) ?? [], text.match(/^ {2}\w+,$/gm) ?? []];
  const file = (line) => /'\.\/(.*)\.js'/.exec(line)?.[1] ?? '';
  const sortedLines = [...lines, `import { ${rule} } from './${name}.js';`].sort((a, b) =>
    file(a) < file(b) ? -1 : 1,
  );
  const names = sortedLines.map((line) => /\{ (\w+) \}/.exec(line)?.[1] ?? '');
  const sortedEntries = names.map((one) => `  ${one},`);
  if (lines.length === 0 || entries.length !== lines.length)
    throw new Refused('The list of that folder is not as it should be: an import and a line for each rule.');
  return text
    .replace(lines.join('\n'), () => sortedLines.join('\n'))
    .replace(entries.join('\n'), () => sortedEntries.join('\n'));
}

try {
  const { topic, name } = placeOf(process.argv[2]);
  const listName = readdirSync(join(folder, topic)).find((file) => file.endsWith('-rules.ts')) ?? '';
  const list = join(folder, topic, listName);
  const listed = listWith(readFileSync(list, 'utf8'), name);
  writeFileSync(join(folder, topic, `${name}.ts`), ruleText(name));
  writeFileSync(list, listed);
  console.log(`src/rules/${topic}/${name}.ts is there, and in src/rules/${topic}/${listName}. Now:

  1. Fill it in: first a bad and a good example, then check().
  2. npm test -- test/rules -t ${name}
  3. npm run docs:rules, and a line in CHANGELOG.md.`);
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
