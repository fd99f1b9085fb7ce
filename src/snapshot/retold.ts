import { hashOf } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import type { ConnectedShadow } from '../shadow/connected.js';
import { initialStateOf } from '../shadow/initial-state.js';
import { executing, wholeKey } from '../shadow/replay-key.js';
import type { Chain } from '../shadow/replay-key.js';
import { replayIf } from '../shadow/replay.js';
import { retell } from '../shadow/retell.js';
import { Transcriber } from '../shadow/transcriber.js';
import type { Transcripts } from '../shadow/transcriber.js';
import { withMigratableShadow } from './migratable-shadow.js';
import type { Project } from './project.js';

/**
 * A chain of migrations whose texts leave doubt, with keys from what they send; it may end earlier. Undefined if what was executed may not be
 * what the files contain now.
 */
export async function chainBySent(chain: Chain, project: Project, cache: SchemaCache): Promise<Chain | undefined> {
  const initial = await initialStateOf(project);
  const { value, isSure } = await executing([chain], () =>
    withMigratableShadow(project, { url: undefined, initial: () => initial }, async (shadow) => {
      const known = await retoldChain(shadow, chain, project, cache);
      if (wholeKey(known) !== undefined) return { chain: known };
      const transcriber = new Transcriber(chain, initial);
      for (const migration of chain.migrations) {
        const loaded = await migration.load();
        await replayIf(shadow, loaded, project.instantiate, { around: transcriber.of(loaded) });
      }
      return transcriber.finish();
    }),
  );
  if (!isSure) return undefined;
  if ('transcripts' in value) await rememberTranscripts(chain, value.transcripts, cache);
  return value.chain;
}

/** The chain with the keys of migrations that send the same as in their last replay. */
export async function retoldChain(
  shadow: ConnectedShadow,
  chain: Chain,
  project: Project,
  cache: SchemaCache,
): Promise<Chain> {
  const transcripts = await cache.get<Transcripts>(keyOfTranscripts(chain));
  return transcripts === undefined ? chain : retell(shadow, chain, transcripts, project);
}

/** The number of transcripts to keep: branches of a project share most of them. */
const mostTranscripts = 4000;

export async function rememberTranscripts(chain: Chain, made: Transcripts, cache: SchemaCache): Promise<void> {
  if (made.size === 0) return;
  const key = keyOfTranscripts(chain);
  const before = (await cache.get<Transcripts>(key)) ?? [];
  await cache.set(key, new Map([...before, ...made].slice(-mostTranscripts)));
}

/** Those after the migrations that are certain are kept together, because each project has many. */
function keyOfTranscripts({ keys, migrations }: Chain): string {
  return `transcripts ${hashOf([keys.at(-1) ?? '', migrations[keys.length - 1]?.name ?? ''])}`;
}
