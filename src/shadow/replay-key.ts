import { extname } from 'node:path';
import { Contents } from '../content/content.js';
import type { KnownMigration } from '../files/migration.js';
import { watchReads } from '../files/users-code.js';
import { hashOf } from './cache.js';
import type { Transcript } from './transcript.js';

/** The inputs of a replay besides the migrations. */
export interface Beginning {
  /** The initial state, and everything else that affects migrations. */
  readonly initial: readonly string[];
  /** The naming strategy of the query runner: TypeORM's, or code of the project. */
  readonly naming: 'default' | 'own';
}

/** What is executed from a file, such as a migration or a seed. */
type InFile = Pick<KnownMigration, 'name' | 'file'>;

/**
 * Migrations in their order, and the keys of what they lead to: the first one of the empty list, then one for each migration, made of its
 * content and of all before it, up to the first that may do something else another time.
 */
export interface Chain<Step extends InFile = KnownMigration> {
  readonly migrations: readonly Step[];
  readonly keys: readonly string[];
  readonly beginning: Beginning;
  /** All files that were read for it, and the modification time of the newest. */
  readonly files: ReadonlySet<string>;
  readonly newestMs: number;
}

/** A migration, identified by its content. */
export interface MigrationText {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

export function chainOf<Step extends InFile>(migrations: readonly Step[], beginning: Beginning): Chain<Step> {
  const contents = new Contents(beginning.naming);
  const keys = [hashOf(['migrations', ...beginning.initial])];
  for (const { name, file } of migrations) {
    // The source of a class in a list is unknown.
    const digest = file === undefined ? undefined : contents.of({ file }).digest;
    if (file === undefined || digest === undefined) break;
    keys.push(keyAfter(keys.at(-1) ?? '', name, file, digest));
  }
  return { migrations, keys, beginning, files: contents.files, newestMs: contents.newestMs };
}

/** Executes the migrations of chains. Tells whether the keys match what was executed, so that the result can be cached. */
export async function executing<T>(
  chains: readonly Chain<InFile>[],
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly isSure: boolean }> {
  const { value, reads } = await watchReads(work);
  return { value, isSure: chains.every((chain) => isSure(chain, reads)) };
}

/** The start time of this process, which may have loaded an older version of a newer file. */
const startedMs = performance.timeOrigin;

/**
 * None of the files has changed meanwhile, none is so new that this process may have loaded an older one, and none was read of which the
 * content does not know.
 */
function isSure({ migrations, keys, beginning, newestMs, files }: Chain<InFile>, reads: ReadonlySet<string>): boolean {
  const now = chainOf(migrations, beginning);
  const isSame = now.keys.length === keys.length && now.keys.at(-1) === keys.at(-1);
  return isSame && newestMs < startedMs && [...reads].every((file) => files.has(file));
}

/** The key of the resulting schema; undefined if the result may vary. */
export function wholeKey({ migrations, keys }: Chain<InFile>): string | undefined {
  return keys[migrations.length];
}

/** The key of the schema that results from these and further migrations. */
export function keyWith(chain: Chain, others: readonly MigrationText[]): string | undefined {
  const contents = new Contents(chain.beginning.naming);
  return others.reduce<string | undefined>((before, { name, file, text }) => {
    const { digest } = contents.of({ file, text });
    return before === undefined || digest === undefined ? undefined : keyAfter(before, name, file, digest);
  }, wholeKey(chain));
}

/** The key after a migration, if its content is certain. */
export function keyByContent(before: string, { name, file }: InFile, { naming }: Beginning): string | undefined {
  const digest = file === undefined ? undefined : new Contents(naming).of({ file }).digest;
  return file === undefined || digest === undefined ? undefined : keyAfter(before, name, file, digest);
}

/** The key after a migration, whatever its content is: the state follows from what it sends. */
export function keyAfterTranscript(before: string, name: string, { origin, sent }: Transcript): string {
  return hashOf([before, 'sent', name, origin ?? '', ...sent]);
}

function keyAfter(before: string, name: string, file: string, digest: string): string {
  return hashOf([before, name, extname(file), digest]);
}
