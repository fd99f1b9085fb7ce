import { dependsOnMoment } from '../sql/index.js';
import { elsewhereIn, namesThings } from './elsewhere.js';
import { globalsIn } from './globals.js';
import { importsOf } from './imports.js';
import type { Import } from './imports.js';
import { readsFiles } from './modules.js';
import { dependsOnTime } from './queries.js';
import { tokensOf } from './tokens.js';
import type { Token } from './tokens.js';

/** What the behaviour of a file depends on besides its text, as far as the text shows. */
export interface Facts {
  readonly imports: readonly Import[];
  /** The environment variables that it names. */
  readonly env: readonly string[];
  /** Whether it reads files by name, or also lists the contents of folders. */
  readonly reads: 'files' | 'folders' | undefined;
  /** The strings in it, which may be used to build file names. */
  readonly literals: readonly string[];
  /** Whether it has the query runner create objects that a naming strategy names. */
  readonly namesThings: boolean;
  /** Why it may behave differently another time; undefined if it cannot. */
  readonly doubt: string | undefined;
}

/** The facts of a file that is not analysed. */
export const noFacts: Facts = {
  imports: [],
  env: [],
  reads: undefined,
  literals: [],
  namesThings: false,
  doubt: undefined,
};

/** A migration is instantiated without arguments, so its constructor matters; an imported class may have any constructor. */
export type Role = 'migration' | 'imported';

export function factsOf(text: string, role: Role): Facts {
  const tokens = tokensOf(text);
  if (tokens === undefined) return { ...noFacts, doubt: 'it cannot be read for sure' };
  const { imports, bindings, computed } = importsOf(tokens);
  const { env, suspect } = globalsIn(tokens, bindings);
  const away = elsewhereIn(tokens) ?? suspect;
  const doubts = [
    ...(computed ? ['it loads something under a name that is made when it runs'] : []),
    ...(away === undefined ? [] : [`it uses ${away}`]),
    ...(role === 'migration' && hasDependencies(tokens) ? ['it has dependencies'] : []),
    ...(dependsOnTime(text, tokens) ? ['its SQL depends on the moment'] : []),
  ];
  return {
    imports,
    env,
    reads: readingOf(imports),
    literals: tokens.flatMap(({ kind, text: literal }) => (kind === 'string' || kind === 'template' ? [literal] : [])),
    namesThings: namesThings(tokens),
    doubt: doubts[0],
  };
}

/** An SQL file imports nothing. */
export function sqlFacts(text: string): Facts {
  return dependsOnMoment(text, 'alone') ? { ...noFacts, doubt: 'it depends on the moment' } : noFacts;
}

function readingOf(imports: readonly Import[]): Facts['reads'] {
  const reading = imports.filter(({ specifier }) => readsFiles(specifier));
  const listing = reading.some(({ names }) => names?.some((name) => name.startsWith('readdir')) ?? true);
  return reading.length === 0 ? undefined : listing ? 'folders' : 'files';
}

/** Something is injected into a constructor with parameters. */
function hasDependencies(tokens: readonly Token[]): boolean {
  return tokens.some(
    ({ kind, text }, at) =>
      kind === 'word' && text === 'constructor' && tokens[at + 1]?.text === '(' && tokens[at + 2]?.text !== ')',
  );
}
