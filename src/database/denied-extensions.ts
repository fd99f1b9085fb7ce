import { classify, commandOf } from '../sql/index.js';
import { isConnectionLost } from './client.js';
import { sqlState } from './failure.js';
import type { Execute, Session } from './session.js';

const savepoint = 'nest_migrate_extension';
const creating = 'CREATE EXTENSION';

/**
 * The extensions that this role may not create. After the first one, further CREATE EXTENSION statements are tried as well, so that the
 * user has to ask an administrator only once. The first statement of another kind is not executed.
 */
export class DeniedExtensions {
  readonly statements: string[] = [];
  #first: { readonly error: unknown; readonly at: Pick<Session['progress'], 'sql' | 'statement'> } | undefined;

  readonly executing =
    ({ client, progress }: Session): Execute =>
    async (sql, _parameters, run) => {
      // The first command is enough for nearly all statements, some of which are long.
      const created = commandOf(sql).command === creating ? classify(sql) : [];
      if (created.length === 0 || !created.every(({ command }) => command === creating)) {
        this.throwFirst();
        return run();
      }
      await client.query(`SAVEPOINT ${savepoint}`);
      try {
        const result = await run();
        await client.query(`RELEASE SAVEPOINT ${savepoint}`);
        return result;
      } catch (error) {
        if (sqlState(error) !== '42501') throw error;
        await client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`);
        this.statements.push(...created.map(({ text }) => text));
        this.#first ??= { error, at: { sql, statement: progress.statement } };
        return [];
      }
    };

  throwFirst(): void {
    if (this.#first) throw this.#first.error;
  }

  /** The error to report after a failed migration: the first denied extension, if there is one and the connection was not lost. */
  reasonOf(error: unknown, { progress }: Session): unknown {
    if (this.#first === undefined || isConnectionLost(error)) return error;
    Object.assign(progress, this.#first.at);
    return this.#first.error;
  }
}
