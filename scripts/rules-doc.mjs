// Writes docs/rules.md and a page for each folder of rules from the rules: what each says of its own first example, found as `lint` finds
// it. With --check nothing is written; exit code 1 says that the pages are not what the rules give.
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { DataSource } from 'typeorm';

// Each example is listened to by an observer of its own, all on the one connection of the process.
EventEmitter.defaultMaxListeners = 0;

const root = resolve(import.meta.dirname, '..');
const docs = join(root, 'docs');
const built = (path) => import(pathToFileURL(join(root, 'build/esm', path)).href);

const topics = {
  indexes: ['Indexes', 'Rules about creating, dropping and rebuilding indexes.'],
  constraints: ['Constraints', 'Rules about checks, keys, foreign keys and domains.'],
  columns: ['Columns', 'Rules about adding, changing, renaming and dropping columns.'],
  objects: [
    'Tables, types and other objects',
    'Rules about tables, partitions, enums, views, functions, triggers and publications.',
  ],
  process: ['How a migration runs', 'Rules about transactions, locks, timeouts, and statements that belong together.'],
};

const generated = '<!-- Written by "npm run docs:rules" from src/rules. Change the rules, not this file. -->';

const introduction = `# Rules

${generated}

\`nest-migrate lint\` executes the migrations on a shadow database and observes what each statement locks, reads, writes and
drops. Tables that the same migrations create are not in use yet, so nothing is reported about them.

- **error**: reads or writes block, data is lost, or queries of the app fail.
- **warning**: this may happen.
- **notice**: good to know.

Rules marked _optional_ are a matter of taste, and off by default. The setting \`lint.rules\` and \`--rule name=severity\` turn rules on
or off, or change their severity. To ignore a rule for one statement, give the reason: \`-- nest-migrate-ignore name: why it does no harm
here\`; for a whole file: \`-- nest-migrate-ignore-file name: why\`.`;

const ownFindings = `# Findings that are not rules

${generated}

They cannot be turned off or ignored.

## cannot-be-judged

**error** · The migration fails on an empty database, and a migration that cannot be executed cannot be judged.

It would fail in production too, unless it relies on something that no migration creates. Later migrations are not judged
either. If a rule explains why a statement fails, the finding of that rule is shown instead.

## ignore-comment

**error** · A comment that ignores findings names an unknown rule, or gives no reason.

A comment with a misspelled rule ignores nothing, and one without a reason does not help a later reader.`;

/** Executes the example in the process, and asks the rule. */
async function opinions() {
  const [{ connectShadow }, { Observer }, { observeMigration }, { lookAt }, { wayBackOf }] = await Promise.all(
    [
      'shadow/connected.js',
      'observe/observer.js',
      'observe/observe-migration.js',
      'shadow/look.js',
      'shadow/there-and-back.js',
    ].map(built),
  );
  const shadow = await connectShadow(
    new DataSource({ type: 'postgres' }),
    { statements: [], settings: [], key: '' },
    {},
  );
  const noDependencies = () => Promise.reject(new Error('no dependencies here'));
  const findingIn = async (rule, { given, sql, targetVersion = 15, ...marks }) => {
    await shadow.pool.query(afresh);
    if (given) await shadow.pool.query(given);
    const observer = await Observer.open(shadow);
    const batch = [];
    for (const [index, text] of [sql].flat().entries()) {
      const migration = migrationOf(text, index, marks);
      const before = marks.down === undefined ? undefined : await lookAt(shadow);
      const { statements, transactional } = await observeMigration(shadow, migration, observer, noDependencies);
      const back = before && (await wayBackOf(shadow, migration, before, noDependencies));
      batch.push({ ...migration, file: undefined, transactional, statements, wayBack: back?.wayBack });
    }
    const found = batch.flatMap((migration) => [...rule.check(migration, { targetVersion, batch })]);
    if (found.length === 0) throw new Error(`${rule.name} finds nothing in its first example.`);
    return found[0];
  };
  return { findingIn, close: () => shadow.close() };
}

const afresh = `ROLLBACK; RESET ALL; RESET ROLE;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  FOR name IN SELECT pubname FROM pg_publication LOOP
    EXECUTE format('DROP PUBLICATION %I', name);
  END LOOP;
END $$;
CREATE SCHEMA public`;

function migrationOf(text, index, { transaction, phase = 'expand', down }) {
  const timestamp = 1_700_000_000_000 + index;
  const back = down === undefined ? undefined : (queryRunner) => queryRunner.query(down);
  const runnable = { transaction, up: (queryRunner) => queryRunner.query(text), down: back };
  const prepare = () => Promise.resolve(runnable);
  return { name: `Example${timestamp}`, timestamp, phase, marksPhase: phase !== 'expand', prepare };
}

async function sectionOf(rule, parser, findingIn) {
  const { name, severity, optional, title, why, bad, good } = rule;
  const { message, fix, advice } = await findingIn(rule, bad[0]);
  return [
    `## ${name}`,
    `**${severity}**${optional ? ' · _optional_' : ''} · ${escaped(title)}`,
    escaped(why),
    sqlBlock(exampleText(bad[0], parser)),
    `> ${escaped(message).replaceAll('\n', '\\\n> ')}`,
    ...(fix === undefined ? [] : ['Instead:', sqlBlock(fix)]),
    ...(advice === undefined ? [] : ['Advice:', sqlBlock(advice)]),
    'Not reported:',
    sqlBlock(exampleText(good[0], parser)),
  ].join('\n\n');
}

/** As a file of SQL would have it. */
function exampleText({ given, sql, down, transaction, phase }, parser) {
  const pieces = (text) => (parser.parse(text) ?? [{ sql: text }]).map((piece) => `${piece.sql};`).join('\n');
  const marks = [
    ...(transaction === false ? ['-- transaction: false'] : []),
    ...(phase === undefined ? [] : [`-- phase: ${phase}`]),
  ];
  return [
    ...(given === undefined ? [] : [`-- Existing tables:\n${pieces(given)}\n`]),
    ...[sql].flat().map((text, index) => {
      const heading = index === 0 ? '-- The migration:' : '\n-- The next migration:';
      return [heading, ...marks, pieces(text)].join('\n');
    }),
    ...(down === undefined ? [] : [`\n-- down\n${pieces(down)}`]),
  ].join('\n');
}

const sqlBlock = (text) => `\`\`\`sql\n${text.trim()}\n\`\`\``;
/** Names with stars, underscores and angles are not meant as marks. */
const escaped = (text) => text.replace(/[\\*<>|[\]]|(?<!\w)_|_(?!\w)/g, '\\$&');

async function foldersOfRules() {
  const all = readdirSync(join(root, 'src/rules'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const order = Object.keys(topics);
  const unknown = all.filter((folder) => !order.includes(folder));
  if (unknown.length > 0) throw new Error(`scripts/rules-doc.mjs has no heading for src/rules/${unknown.join(', ')}.`);
  return Promise.all(
    order.map(async (folder) => {
      const list = readdirSync(join(root, 'src/rules', folder)).find((file) => file.endsWith('-rules.ts')) ?? '';
      const [rules] = Object.values(await built(`rules/${folder}/${list.replace('.ts', '.js')}`));
      return { folder, rules: rules.toSorted((a, b) => a.name.localeCompare(b.name, 'en')) };
    }),
  );
}

/** The texts of the pages, by their paths below docs/. */
async function pages() {
  const folders = await foldersOfRules();
  const { openParser } = await built('observe/parser.js');
  const parser = await openParser();
  const { findingIn, close } = await opinions();
  try {
    const found = new Map([['rules.md', contents(folders)]]);
    for (const { folder, rules } of folders) {
      const [heading, about] = topics[folder];
      const sections = [`# Rules: ${heading.toLowerCase()}`, generated, `${about} [All rules](../rules.md).`];
      for (const rule of rules) sections.push(await sectionOf(rule, parser, findingIn));
      found.set(`rules/${folder}.md`, sections.join('\n\n'));
    }
    return found.set('rules/other-findings.md', ownFindings);
  } finally {
    await close();
  }
}

function contents(folders) {
  const own =
    '## [Findings that are not rules](rules/other-findings.md)\n\n- [cannot-be-judged](rules/other-findings.md#cannot-be-judged) (error)\n- [ignore-comment](rules/other-findings.md#ignore-comment) (error)';
  const lists = folders.map(({ folder, rules }) => {
    const lines = rules.map(
      ({ name, severity, optional, title }) =>
        `- [${name}](rules/${folder}.md#${name}) (${severity}${optional ? ', optional' : ''}): ${escaped(title)}`,
    );
    return `## [${topics[folder][0]}](rules/${folder}.md)\n\n${lines.join('\n')}`;
  });
  return [introduction, ...lists, own].join('\n\n');
}

mkdirSync(join(docs, 'rules'), { recursive: true });
const style = { ...(await resolveConfig(join(docs, 'rules.md'))), parser: 'markdown' };
const wanted = new Map();
for (const [path, text] of await pages()) wanted.set(path, await format(text, style));
const stray = readdirSync(join(docs, 'rules')).filter((name) => !wanted.has(`rules/${name}`));
const stale = [...wanted].filter(([path, text]) => {
  const file = join(docs, path);
  return !existsSync(file) || readFileSync(file, 'utf8') !== text;
});
if (!process.argv.includes('--check')) {
  for (const [path, text] of wanted) writeFileSync(join(docs, path), text);
  for (const name of stray) rmSync(join(docs, 'rules', name));
} else if (stale.length + stray.length > 0) {
  const names = [...stale.map(([path]) => path), ...stray.map((name) => `rules/${name}`)];
  console.error(`${names.join(', ')} in docs/: not what the rules say: npm run docs:rules`);
  process.exitCode = 1;
}
