import type { DataSource, QueryRunner } from 'typeorm';
import { tablesOf } from '../database/tables.js';
import { unwatched } from '../files/users-code.js';
import type { KnownMigration, LoadedMigration } from '../files/migration.js';
import { dependsOnMoment, quoteLiteral } from '../sql/index.js';
import { FixedAnswers, textOf } from './fixed-answers.js';
import { originBefore } from './origins.js';
import type { InitialState } from './initial-state.js';
import { keyAfterTranscript } from './replay-key.js';
import type { Chain } from './replay-key.js';
import { transcribe } from './transcript.js';
import { metadataTableOf } from './typeorm-metadata.js';
import type { Around, Query, Transcript } from './transcript.js';

/** By the key of the state before and the name of the migration. */
export type Transcripts = ReadonlyMap<string, Transcript>;

export function transcriptKey(before: string, { name }: Pick<KnownMigration, 'name'>): string {
  return `${before} ${name}`;
}

/** Takes down a transcript of each migration of a replay that is not certain from its text. */
export class Transcriber {
  readonly #fixed: FixedAnswers;
  /** By name. */
  readonly #made = new Map<string, Transcript | undefined>();
  readonly #certain: ReadonlySet<string>;

  constructor(
    private readonly chain: Chain,
    initial: InitialState,
  ) {
    this.#fixed = new FixedAnswers(initial);
    this.#certain = new Set(chain.migrations.slice(0, chain.keys.length - 1).map(({ name }) => name));
  }

  /** If a migration is executed twice, the last time counts. */
  of(migration: LoadedMigration): Around {
    const { name } = migration;
    return async (queryRunner, work) => {
      if (this.#certain.has(name)) return void (await this.#transcribe(queryRunner, work));
      // The files that it reads are not needed: what it sends shows what it has read.
      const told = await unwatched(() => this.#transcribe(queryRunner, work));
      this.#made.set(name, told && { ...told, origin: originBefore(migration) });
    };
  }

  async #transcribe(queryRunner: QueryRunner, work: () => Promise<unknown>): ReturnType<typeof transcribe> {
    const texts: string[] = [];
    let isFixed = true;
    const made = await transcribe(queryRunner, work, async (statement, answers, query) => {
      texts.push(textOf(statement));
      const hasRows = (): Promise<boolean> => hasOwnRows(query, queryRunner.connection);
      isFixed = (await this.#fixed.note(statement, answers, hasRows)) && isFixed;
    });
    return isFixed && !dependsOnMoment(texts.join(';\n'), 'alone') ? made : undefined;
  }

  /** The chain with the keys of the migrations that were taken down, up to the first that could not be; and their transcripts. */
  finish(): { readonly chain: Chain; readonly transcripts: Transcripts } {
    const keys = [...this.chain.keys];
    const transcripts = new Map<string, Transcript>();
    for (const migration of this.chain.migrations.slice(keys.length - 1)) {
      const before = keys.at(-1) ?? '';
      const made = this.#made.get(migration.name);
      if (made === undefined) break;
      transcripts.set(transcriptKey(before, migration), made);
      keys.push(keyAfterTranscript(before, migration.name, made));
    }
    return { chain: { ...this.chain, keys }, transcripts };
  }
}

/** Whether any table contains rows, or has contained some, except for the tables of TypeORM; or a view or a foreign table may. A table without rows has no pages. */
async function hasOwnRows(query: Query, dataSource: DataSource): Promise<boolean> {
  const ours = [tablesOf(dataSource).ledger, metadataTableOf(dataSource)].map(
    (table) => `c.oid IS DISTINCT FROM pg_catalog.to_regclass(${quoteLiteral(table)})`,
  );
  const { rows } =
    await query(`SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE (c.relkind IN ('v', 'f') OR c.relkind IN ('r', 'm') AND pg_catalog.pg_relation_size(c.oid) > 0) AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(?!temp)'
      AND ${ours.join(' AND ')} LIMIT 1`);
  return rows.length > 0;
}
