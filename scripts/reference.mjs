// Writes the pages of the docs that say what the command line is, from the data that it is made of: docs/commands.md, docs/json.md,
// docs/skill.md, docs/llms.txt. With --check nothing is written; exit code 1 says that a page is not what the sources give.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { outlineOf, results, typesOf } from './json-shapes.mjs';
import { consent } from './needs-consent.mjs';

const root = resolve(import.meta.dirname, '..');
const docs = join(root, 'docs');
const built = (path) => import(pathToFileURL(join(root, 'build/esm', path)).href);
const [{ deployment }, { development }, { globalOptions }] = await Promise.all(
  ['cli/deployment.js', 'cli/development.js', 'cli/global-options.js'].map(built),
);
const groups = [deployment, development];
const commands = groups.flatMap((group) => group.commands);
const generated = '<!-- Written by "npm run docs:reference" from src/. Change the sources, not this file. -->';
const fence = (language, text) => `\`\`\`${language}\n${text}\n\`\`\``;
/** A pattern with a star is code. */
const escaped = (text) =>
  text.replace(/([\w:.]*\*[\w:.*]*)|[<>|[\]]|(?<!\w)_|_(?!\w)/g, (found, pattern) =>
    pattern === undefined ? `\\${found}` : `\`${found}\``,
  );

/** Pages that say more about a command than its flags. */
const more = {
  create: 'writing',
  database: 'seeds',
  fresh: 'seeds',
  seed: 'seeds',
  baseline: 'leaving-synchronize',
  resolve: 'half-done',
  revert: 'writing',
  wait: 'deploying',
  init: 'start',
  run: 'deploying',
  status: 'deploying',
};
const pageOf = (name) => more[name] ?? (existsSync(join(docs, `${name}.md`)) ? name : undefined);

const flagLine = ({ flags, summary, choices }) =>
  `- \`${flags}\`: ${escaped(summary)}${choices ? ` (${choices.map((choice) => `\`${choice}\``).join(', ')})` : ''}`;

function commandSection({ name, summary, argument, options, examples }) {
  const page = pageOf(name);
  const usage = ['nest-migrate', name, ...(argument ? [argument[0]] : [])].join(' ');
  return [
    `### ${name}`,
    `\`${usage}\`: ${escaped(summary)}.${page ? ` [More](${page}.md).` : ''}`,
    ...(argument ? [`\`${argument[0]}\`: ${escaped(argument[1])}.`] : []),
    ...(options.length > 0 ? [options.map(flagLine).join('\n')] : []),
    fence('sh', examples.map((line) => `npx nest-migrate ${line}`).join('\n')),
  ].join('\n\n');
}

function commandsPage() {
  return [
    '# Commands',
    generated,
    '`nest-migrate <command> --help` prints the same for one command. Every command also has the [global options](#global-options). It exits with one of the [exit codes](exit-codes.md), and `--json` prints [its result](json.md) as one object.',
    ...groups.flatMap((group) => [`## ${group.heading.replace(/:$/, '')}`, ...group.commands.map(commandSection)]),
    '## Global options',
    globalOptions.map(flagLine).join('\n'),
    'In an app that uses [nest-commander](nest.md#the-commands-in-your-own-command-line), the same commands are `my-app migrations:run` and so on.',
  ].join('\n\n');
}

async function jsonPage() {
  const seen = new Set();
  const sections = [];
  for (const { name } of commands.filter((command) => command.name in results)) {
    const types = await typesOf(name, seen);
    sections.push(
      `## ${name}`,
      types.length > 0 ? fence('ts', types.join('\n\n')) : `The same as above: \`${outlineOf(name)}\`.`,
    );
  }
  return [
    '# JSON',
    generated,
    'With `--json`, a command prints one object on stdout and nothing else. Warnings and progress go to stderr. A field with a `?` is omitted if it has no value. The types are written as TypeScript; a type that was shown for an earlier command is not repeated. `check --all-data-sources` prints `{ ok, dataSources }`, with the result of each, or its `error`. `help --json` prints `{ topic, file, text }`.',
    errorSection(),
    ...sections,
  ].join('\n\n');
}

function errorSection() {
  const page = readFileSync(join(docs, 'deploying.md'), 'utf8');
  const example = /## Errors as JSON[\s\S]*?(```json[\s\S]*?```)/.exec(page)?.[1];
  return `## Errors\n\nA command that fails prints its error in place of its result, and exits with 1 or 2; or with 3, if it needs an answer:\n\n${example}\n\n\`code\`, \`message\`, \`next\` and \`help\` are always present. [Errors as JSON](deploying.md#errors-as-json) says more about the other fields.`;
}

function skillPage() {
  const line = ({ name, summary, argument, options }) =>
    `- \`${[name, ...(argument ? [argument[0]] : [])].join(' ')}\`: ${escaped(summary)}.${options.length > 0 ? ` Flags: ${options.map(({ flags }) => `\`${flags}\``).join(', ')}.` : ''}`;
  return [
    `---\nname: nest-migrate\ndescription: Write, check, apply and revert TypeORM migrations of a NestJS project on PostgreSQL. Use it when an entity changes, when a migration is to be written, reviewed or applied, or when a nest-migrate command fails.\n---`,
    '# nest-migrate for coding assistants',
    generated,
    `## How to work

1. Look first: \`npx nest-migrate status --json\`. It changes nothing.
2. Change the entity. Then \`npx nest-migrate generate --json\` writes the migration. It needs no database. On a developer's machine,
   \`npx nest-migrate dev --json\` also changes the database.
3. Exit code 3 with the code \`DECISION_NEEDED\` means that a question is open. \`error.next\` lists the flags that answer it. Only the person knows the answer: ask.
4. \`npx nest-migrate lint --json\`, then \`npx nest-migrate check --json\`. Correct each finding as its \`fix\` and \`advice\` say.
5. Before a deploy: \`npx nest-migrate plan --json\`. It changes nothing.

- Do not edit a migration that is applied to a shared database. Write a new one.
- Do not write \`migrations.lock\` by hand.
- Run the command in \`error.help\` when an error is not clear, and \`npx nest-migrate help <rule>\` for a finding.
- Commit the migration and \`migrations.lock\` together.`,
    `## What needs a person's consent

Ask before you use any of these. Say what will happen and to which database.

${consent(commands, globalOptions)
  .map(([what, why]) => `- \`${what}\`: ${why}`)
  .join('\n')}`,
    `## Exit codes

0 done, 1 failed, 2 usage or configuration error (the database was not touched), 3 action needed. Details: \`npx nest-migrate help exit-codes\``,
    `## Commands\n\n${commands.map(line).join('\n')}`,
    `Every command also has: ${globalOptions.map(({ flags }) => `\`${flags}\``).join(', ')}.`,
    `## What \`--json\` prints

One object on stdout. The types: \`npx nest-migrate help json\`. An error is \`{ error: { code, message, next, help, … } }\`.

${commands
  .filter(({ name }) => name in results)
  .map(({ name }) => `- \`${name}\`: \`${outlineOf(name)}\``)
  .join('\n')}`,
  ].join('\n\n');
}

/** https://llmstxt.org: the index, as its links say it. */
function llmsText() {
  const index = readFileSync(join(docs, 'README.md'), 'utf8');
  const sections = index.split(/^(?=## )/m).slice(1);
  const { description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return `# nest-migrate

> ${description}

\`npx nest-migrate help <page>\` prints each of these pages, and \`npx nest-migrate help skill\` what an assistant needs to know.

${sections.join('').trim()}
`;
}

for (const { name } of commands)
  if (name !== 'help' && !(name in results))
    throw new Error(`scripts/json-shapes.mjs does not say what ${name} --json prints.`);
const style = { ...(await resolveConfig(join(docs, 'commands.md'))), parser: 'markdown' };
const markdown = { 'commands.md': commandsPage(), 'json.md': await jsonPage(), 'skill.md': skillPage() };
const wanted = { 'llms.txt': llmsText() };
for (const [name, text] of Object.entries(markdown)) wanted[name] = await format(text, style);
const isStale = ([name, text]) => !existsSync(join(docs, name)) || readFileSync(join(docs, name), 'utf8') !== text;
const stale = Object.entries(wanted).filter(isStale);
if (!process.argv.includes('--check')) {
  for (const [name, text] of stale) writeFileSync(join(docs, name), text);
} else if (stale.length > 0) {
  console.error(
    `${stale.map(([name]) => `docs/${name}`).join(', ')}: not what the sources say: npm run docs:reference`,
  );
  process.exitCode = 1;
}
