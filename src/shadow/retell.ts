import type { Instantiate, LoadedMigration } from '../files/migration.js';
import { unwatched } from '../files/users-code.js';
import { countStage } from '../events.js';
import type { EventListener } from '../events.js';
import { Turns } from '../database/turns.js';
import { believe, interceptQueries } from '../typeorm/query-runner.js';
import type { ConnectedShadow } from './connected.js';
import { originBefore } from './origins.js';
import { withQueryRunner } from './replay.js';
import { keyAfterTranscript, keyByContent } from './replay-key.js';
import type { Chain } from './replay-key.js';
import { transcriptKey } from './transcriber.js';
import type { Transcripts } from './transcriber.js';
import { isSentAgain } from './transcript.js';
import type { Transcript } from './transcript.js';

/**
 * Continues the keys of a chain after a migration whose text leaves doubt: the code of the migrations is executed, but their transcripts
 * answer instead of the shadow, which stays as it is. The chain ends before the first migration that sends something else.
 */
export async function retell(
  shadow: ConnectedShadow,
  chain: Chain,
  transcripts: Transcripts,
  { instantiate, onEvent }: { readonly instantiate: Instantiate; readonly onEvent?: EventListener },
): Promise<Chain> {
  const keys = [...chain.keys];
  const doubtful = chain.migrations.slice(keys.length - 1);
  const onEach = countStage(onEvent, 'replaying the migrations', doubtful.length);
  for (const known of doubtful) {
    onEach();
    const before = keys.at(-1) ?? '';
    const transcript = transcripts.get(transcriptKey(before, known));
    // A migration that was generated last has none yet, but its text is certain.
    if (transcript === undefined) {
      const key = keyByContent(before, known, chain.beginning);
      if (key === undefined) break;
      keys.push(key);
    } else if (await isRetold(shadow, await known.load(), instantiate, transcript))
      keys.push(keyAfterTranscript(before, known.name, transcript));
    else break;
  }
  return { ...chain, keys };
}

async function isRetold(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  instantiate: Instantiate,
  transcript: Transcript,
): Promise<boolean> {
  if (originBefore(migration) !== transcript.origin) return false;
  return withQueryRunner(shadow, async (queryRunner) => {
    interceptQueries(queryRunner, (sql, given, execute) => execute(shadow.given.accept(sql, migration.name), ...given));
    // Its error is reported by the replay.
    const prepared = await migration.prepare(queryRunner, instantiate, 'trial').catch(() => undefined);
    if (prepared === undefined) return false;
    const { transaction, up } = prepared;
    if (transaction !== false) believe(queryRunner, 'open');
    try {
      const work = () => unwatched(() => new Turns(queryRunner).during(() => up(queryRunner)));
      return await isSentAgain(transcript, queryRunner, work);
    } finally {
      believe(queryRunner, 'none');
    }
  });
}
