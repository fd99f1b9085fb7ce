import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { openFolder } from '../../src/data-source/data-folder.js';
import { message, messagesIn, simpleQuery } from '../../src/data-source/messages.js';
import { configThrough, Wire } from '../../src/data-source/wire.js';

/** The part of a connection of `pg` that `pg-copy-streams` uses. */
interface Connection {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A COPY as `pg-copy-streams` submits it: it sends rows once the server asks for them. */
function copying(sql: string, rows: readonly string[], done: (error?: Error) => void): object {
  return {
    submit: (connection: Connection) => connection.query(sql),
    handleCopyInResponse: (connection: Connection) => {
      for (const row of rows) connection.sendCopyFromChunk(Buffer.from(row));
      connection.endCopyFrom();
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => done(),
    handleError: (error: Error) => done(error),
  };
}

const kindsOf = (messages: Uint8Array): string => [...messagesIn(messages)].map(({ kind }) => kind).join('');

it('COPY FROM STDIN reaches PGlite together with its rows, which would wait for them forever', async () => {
  const sent: string[] = [];
  const wire = new Wire((messages) => {
    sent.push(kindsOf(messages));
    return Promise.resolve(Buffer.concat([message('G', Buffer.alloc(3)), message('C', 'COPY 1\0'), message('Z', 'I')]));
  });
  const answers: string[] = [];
  wire.on('data', (bytes: Buffer) => answers.push(kindsOf(bytes)));
  const write = (bytes: Uint8Array) => new Promise<void>((resolve) => void wire.write(bytes, () => resolve()));
  const row = message('d', '1\tBerlin\n');
  await write(simpleQuery('CREATE TABLE a (); copy a from stdin'));
  for (const part of [row.subarray(0, 5), row.subarray(5), message('c', '')]) await write(part);
  await wire.idle();
  expect([sent, answers]).toEqual([['Qdc'], ['G', 'CZ']]);

  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-copy-'));
  const lite = await openFolder(join(dir, 'postgres'), {}, []);
  const client = new pg.Client(configThrough(new Wire((messages) => lite.send(messages))));
  try {
    await client.connect();
    await client.query('CREATE TABLE cities (id int PRIMARY KEY, name text)');
    const copy = (sql: string, rows: readonly string[]) =>
      new Promise<unknown>((resolve) => client.query(copying(sql, rows, resolve) as pg.Submittable));
    expect(await copy('COPY cities FROM STDIN', ['1\tBer', 'lin\n2\tParis\n'])).toBeUndefined();
    expect(await copy('COPY cities FROM STDIN', ['1\tBerlin\n'])).toMatchObject({ code: '23505' });
    // `pg` itself has no rows to send, and says so.
    await expect(client.query('COPY cities FROM STDIN')).rejects.toMatchObject({ code: '57014' });
    await expect(client.query({ text: 'COPY cities FROM STDIN', values: [], name: 'copy' })).rejects.toThrow(
      'simple query',
    );
    expect((await client.query('SELECT name FROM cities ORDER BY id')).rows).toEqual([
      { name: 'Berlin' },
      { name: 'Paris' },
    ]);
  } finally {
    await client.end();
    await lite.close();
    rmSync(dir, { recursive: true });
  }
});
