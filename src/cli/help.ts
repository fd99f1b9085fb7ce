import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ExitCode, MigrateError } from '../errors.js';
import type { GlobalFlags } from './flags.js';
import type { Io } from './io.js';
import { packageFile } from './package-file.js';

interface Section {
  readonly level: number;
  readonly title: string;
  readonly text: string;
}

/** The text that `--help` prints for a command, or for the program. */
type TextOf = (command?: string) => string | undefined;

/** Prints a page of the docs that come with the package, or the section about a rule, an error code or a command. */
export async function help(io: Io, _flags: GlobalFlags, topic: string | undefined, textOf: TextOf): Promise<ExitCode> {
  const topics = pages();
  if (topic === undefined) overview(io, topics, textOf);
  else if (topics.includes(topic)) {
    io.page({ topic, file: fileOf(topic), text: read(topic) }, read(topic));
    if (textOf(topic) !== undefined) io.note(`Its options: nest-migrate ${topic} --help`);
  } else {
    const answer = sectionNamed(topic, topics) ?? commandNamed(topic, textOf);
    if (answer === undefined) throw unknown(topic, topics);
    io.page(...answer);
  }
  return ExitCode.done;
}

type Answer = readonly [data: object, text: string];

function overview(io: Io, topics: readonly string[], textOf: TextOf): void {
  const text = textOf() ?? '';
  const rules = topics.filter(isAboutRules).flatMap((page) => sectionsOf(page).map(({ title }) => title));
  const more =
    topics.length > 0
      ? `The documentation begins with: nest-migrate help ${index}\n\nTopics for nest-migrate help <topic> (or name a rule or an error code):\n${wrapped(topics)}\n`
      : '';
  io.page({ text, topics, rules }, text + more);
}

/** The pages whose sections can be requested by their titles. */
const errors = 'errors';
const isAboutRules = (topic: string): boolean => topic.startsWith('rules/');

function sectionNamed(name: string, topics: readonly string[]): Answer | undefined {
  for (const page of topics.filter((topic) => topic === errors || isAboutRules(topic))) {
    const section = sectionsOf(page).find(({ title }) => title.toLowerCase() === name.toLowerCase());
    if (section) return [{ topic: section.title, file: fileOf(page), text: section.text }, section.text];
  }
  return undefined;
}

function commandNamed(name: string, textOf: TextOf): Answer | undefined {
  const text = textOf(name);
  return text === undefined ? undefined : [{ topic: name, text }, text];
}

function unknown(name: string, topics: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'USAGE',
    message: `There is no help on "${name}".`,
    next:
      topics.length > 0
        ? `The topics are:\n${wrapped(topics)}\nYou can also name a command, an error code, or a rule (nest-migrate help rules lists them).`
        : 'The package was installed without its folder docs/, which contains the pages. Install it again, or name a command.',
    exitCode: ExitCode.usage,
  });
}

/** The page that links to all others. */
const index = 'docs';
const indexFile = 'README';

/** Some images are built without the text files of packages. */
function pages(): readonly string[] {
  const dir = packageFile('docs/');
  if (!existsSync(dir)) return [];
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const names = files
    .map((name) => name.slice(0, -'.md'.length).replaceAll('\\', '/'))
    .filter((name) => name !== indexFile);
  return [index, ...names.sort()];
}

function fileOf(topic: string): string {
  return `docs/${topic === index ? indexFile : topic}.md`;
}

function read(topic: string): string {
  return readFileSync(packageFile(fileOf(topic)), 'utf8');
}

/** Errors are below the headings of their kinds, and rules are below the heading of their page. */
function sectionsOf(page: string): readonly Section[] {
  const wanted = page === errors ? 3 : 2;
  return sections(read(page)).filter(({ level }) => level === wanted);
}

/** Splits a page before each of its headings. In a code block, `#` begins a comment. */
function sections(page: string): readonly Section[] {
  const found: { level: number; title: string; text: string }[] = [];
  let inCode = false;
  for (const line of page.split(/(?<=\n)/)) {
    if (line.startsWith('```')) inCode = !inCode;
    const heading = inCode ? null : /^(#+) (.+)/.exec(line);
    if (heading) found.push({ level: heading[1]?.length ?? 0, title: heading[2] ?? '', text: '' });
    const last = found.at(-1);
    if (last) last.text += line;
  }
  return found;
}

/** Names in lines that fit a terminal. */
function wrapped(names: readonly string[]): string {
  return names
    .join(', ')
    .replace(/(.{1,76})(?:\s|$)/g, '  $1\n')
    .trimEnd();
}
