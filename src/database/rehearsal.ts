import { messageOf, MigrateError } from '../errors.js';
import type { DryRunStatement } from '../errors.js';
import { classify, endsTransaction, inTransaction, splitSql, isolationLevelIn } from '../sql/index.js';
import type { SqlClass } from '../sql/index.js';
import type { SqlClient } from './sql-client.js';
import { reasonInCatalog } from './elsewhere.js';
import { isLockFailure, needsAutocommit, sqlState } from './failure.js';
import { isApart } from './one-connection.js';
import { checkDeferred, isPoison, letPoisonPass } from './poison.js';
import type { Execute, Progress, Session } from './session.js';

type Kind = 'transactional' | 'plain';

/** The migration that is being rehearsed. */
export interface Role {
  readonly name: string;
  readonly kind: Kind;
  /** The settings at the start of its transaction, or of each of its statements. */
  readonly settings: (kind: Kind) => string;
  /** Receives what would fail in a real run. */
  readonly warn: (message: string) => void;
}

const savepoint = 'nest_migrate_statement';
const ownTransaction = 'nest_migrate_transaction';

/**
 * Executes the statements of migrations inside one transaction that is rolled back at the end. A savepoint before each statement makes it
 * possible to undo a statement that cannot be executed there. Releasing the savepoint also shows that the transaction is still ours,
 * because the savepoint would be gone otherwise.
 */
export class Rehearsal {
  readonly statements: DryRunStatement[] = [];
  private role: Role = { name: '', kind: 'transactional', settings: () => '', warn: () => undefined };
  /** Without a transaction also once the migration has ended its own. */
  private kind: Kind = 'transactional';
  /** Whether a migration without a transaction has begun its own. */
  private inOwn = false;
  /** Whether the transaction of the migration has added a value to an enum. */
  private addsValue = false;
  /** Whether a statement was only recorded that later statements may need. */
  private uncertain = false;

  /** Sends our own statements. */
  private readonly client: SqlClient;
  /** Sends statements of the migration, as far as the connection allows them. */
  private readonly wire: SqlClient;
  private readonly progress: Progress;

  constructor({ client, progress }: Session) {
    this.client = { query: client.query.bind(client) };
    this.wire = client;
    this.progress = progress;
  }

  async enter(role: Role): Promise<void> {
    this.role = role;
    this.kind = role.kind;
    this.inOwn = false;
    this.addsValue = false;
    await this.client.query(`${this.settings}; SAVEPOINT ${ownTransaction}`);
  }

  private get settings(): string {
    return this.role.settings(this.kind);
  }

  readonly execute: Execute = (sql, parameters, run) => this.message(sql, parameters, run);

  /** Performs the checks of the COMMIT at the end of the migration. */
  async leave(): Promise<void> {
    this.progress.sql = undefined;
    await checkDeferred(this.client);
  }

  /** The next step after a failure, as far as the state inside the dry run shows it. The transaction is still open. */
  async hintOn(error: unknown): Promise<string | undefined> {
    const asked = await reasonInCatalog(this.client, error);
    if (asked !== undefined) return asked;
    // After the rollback to the savepoint before the failed statement, the transaction accepts queries again.
    await this.client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`).catch(() => undefined);
    return reasonInCatalog(this.client, error);
  }

  private async message(sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> {
    const pieces = Array.isArray(parameters) && parameters.length > 0 ? [] : splitSql(sql);
    if (pieces.length <= 1) return this.statement(pieces[0]?.sql ?? sql, parameters, run, 'alone');
    // Statements are sent one by one, because the server would otherwise continue after a ROLLBACK among them.
    for (const piece of pieces) {
      this.progress.sql = piece.sql;
      await this.statement(piece.sql, undefined, () => this.wire.query(piece.sql), 'in a message');
    }
    return undefined;
  }

  private async statement(
    sql: string,
    parameters: unknown,
    run: () => Promise<unknown>,
    place: 'alone' | 'in a message',
  ): Promise<unknown> {
    const record = (executed: boolean, note?: string): void => {
      const given = Array.isArray(parameters) && parameters.length > 0 ? { parameters } : {};
      this.statements.push({ migration: this.role.name, sql, ...given, executed, ...(note !== undefined && { note }) });
    };
    const [is] = classify(sql);
    if (is?.savepoint !== undefined) {
      const result = await run();
      record(true);
      return result;
    }
    if (is !== undefined && isControl(is)) {
      record(false, await this.instead(is, sql));
      return [];
    }
    if (isolationLevelIn(sql) !== undefined) {
      record(false, 'the transaction of a dry run has begun before');
      return [];
    }
    const commits = this.commitsEach;
    // If the statement would be inside a transaction in a real run too, the server refuses it, and that should be visible.
    const mayDiffer = commits && place === 'alone' && is?.runsAlone !== 'never';
    const standIn = mayDiffer ? inTransaction(sql) : undefined;
    const execute = standIn === undefined ? run : () => this.wire.query(standIn.sql).then(() => []);
    await this.client.query(`SAVEPOINT ${savepoint}`);
    const outcome = await this.attempt(commits ? () => this.committed(execute) : execute);
    if ('note' in outcome) {
      record(false, outcome.note);
      return [];
    }
    await this.stillOurs();
    this.addsValue ||= !commits && is?.command === 'ALTER TYPE' && is.mentions('ADD', 'VALUE');
    // A block that commits has set its timeouts only for one of its transactions.
    if (standIn !== undefined) await this.client.query(this.settings);
    record(true, standIn && `without ${standIn.without === 'COMMIT' ? 'its COMMITs' : standIn.without}`);
    return outcome.result;
  }

  /** Whether a real run would commit the statement by itself. */
  private get commitsEach(): boolean {
    return isApart() || (this.kind === 'plain' && !this.inOwn);
  }

  /** Executes such a statement. */
  private async committed(execute: () => Promise<unknown>): Promise<unknown> {
    const result = await execute();
    await checkDeferred(this.client);
    return result;
  }

  private async attempt(
    work: () => Promise<unknown>,
  ): Promise<{ readonly result: unknown } | { readonly note: string }> {
    try {
      return { result: await work() };
    } catch (error) {
      if (isPoison(error)) {
        await this.takeBack(error);
        await this.client.query(`SAVEPOINT ${savepoint}`);
        return this.attempt(() => letPoisonPass(this.client, work));
      }
      const note = this.whyNot(error);
      // If a migration catches the error, a real run continues only if the statement had its own transaction.
      if (note !== undefined || this.commitsEach) await this.takeBack(error);
      if (note === undefined) throw error;
      return { note };
    }
  }

  /** Why a failed statement is only recorded; undefined if a real run would fail too. */
  private whyNot(error: unknown): string | undefined {
    const reason = messageOf(error);
    if (needsAutocommit(error)) {
      if (!this.commitsEach) return this.wouldFail(reason);
      this.uncertain ||= sqlState(error) === '2D000';
      return `it cannot run inside a transaction that is rolled back (${reason})`;
    }
    // A real run cannot use a value that the same transaction has added either.
    if (sqlState(error) === '55P04' && !this.addsValue) {
      this.uncertain = true;
      return `it uses a value of an enum that exists only after a COMMIT (${reason})`;
    }
    const judged = ['42601', '57014'].includes(sqlState(error) ?? '42601') || isLockFailure(error);
    if (!this.uncertain || judged) return undefined;
    return `it failed (${reason}), perhaps only because something before it was not executed`;
  }

  private wouldFail(reason: string): string {
    this.role.warn(`${this.role.name} will fail in a real run: ${reason}.`);
    return `a real run fails here (${reason})`;
  }

  /** Replaces a statement that would end or begin a transaction, and returns the reason why it was not executed. */
  private async instead(is: SqlClass, sql: string): Promise<string> {
    if (discards.has(is.command)) return 'it would remove the protection against a commit';
    if (isTwoPhase(is)) return 'a dry run cannot undo a two-phase commit';
    // What follows is executed as in a migration without a transaction.
    if (this.kind === 'transactional' && endsTransaction(sql) !== undefined) {
      this.kind = 'plain';
      this.inOwn = true;
    }
    if (this.kind === 'transactional') {
      if (!is.closes) return 'the migration is in a transaction already';
      return this.wouldFail('it ends the transaction that it runs in');
    }
    if (is.closes !== this.inOwn) return is.closes ? 'there is no transaction here' : 'it is in a transaction already';
    if (is.closes) {
      if (is.undoes) await this.client.query(`ROLLBACK TO SAVEPOINT ${ownTransaction}`);
      await this.client.query(`RELEASE SAVEPOINT ${ownTransaction}`);
      await checkDeferred(this.client);
    }
    this.inOwn = is.opens;
    this.addsValue = false;
    if (is.opens) await this.client.query(`${this.settings}; SAVEPOINT ${ownTransaction}`);
    return 'a savepoint stands in for its transaction';
  }

  private async takeBack(cause: unknown): Promise<void> {
    await this.client
      .query(`ROLLBACK TO SAVEPOINT ${savepoint}; RELEASE SAVEPOINT ${savepoint}`)
      .catch(() => this.ended(cause));
  }

  private async stillOurs(): Promise<void> {
    await this.client.query(`RELEASE SAVEPOINT ${savepoint}`).catch((error: unknown) => this.ended(error));
  }

  private ended(cause: unknown): never {
    throw new MigrateError({
      code: 'MIGRATION_FAILED',
      message: `Migration ${this.role.name} ended the transaction of the dry run in a way that its SQL does not show. The transaction was rolled back; nothing was committed.`,
      next: 'Check the functions that its last statement calls. To see its SQL without executing it, read the file.',
      cause,
    });
  }
}

function isControl(is: SqlClass): boolean {
  return is.opens || is.closes || isTwoPhase(is) || discards.has(is.command);
}

const discards = new Set(['DISCARD', 'DISCARD ALL']);
const twoPhase = new Set(['PREPARE TRANSACTION', 'COMMIT PREPARED', 'ROLLBACK PREPARED']);

function isTwoPhase({ command }: SqlClass): boolean {
  return twoPhase.has(command);
}
