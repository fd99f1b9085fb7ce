import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** What happens to a connection: it is closed, it stays open but nothing comes through any more, only this message is lost, or nothing. */
export type Fault = 'cut' | 'freeze' | 'drop' | 'none';

/** Chooses a message by its SQL, which is empty where a message has none. */
export interface Choice {
  test(sql: string): boolean;
}

/**
 * When: instead of forwarding the message of the client, right after it was forwarded (the server works on it), when its reply comes
 * (the server has done it), or once the reply was forwarded.
 */
export type Moment = 'request' | 'sent' | 'reply' | 'replied';

export interface Proxy {
  /** The same database through this proxy. */
  readonly url: string;
  /** Lets it happen once, at the next message whose SQL matches, and `then` at once. Resolves when it has happened. */
  fault(sql: Choice, moment: Moment, fault: Fault, then?: () => void): Promise<void>;
  /** New connections go to this server from now on, as after a failover. */
  redirect(url: string): void;
  /** New connections are refused from now on. */
  refuse(): void;
  /** Nothing comes through any more, on connections that are open and on new ones. */
  freeze(): void;
  /** As before `freeze`, for new connections. */
  thaw(): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** As a pooler does, it refuses transactions (in statement mode), and it answers with a number of its own where the server says which process serves the connection. */
  readonly as?: 'pooler' | 'statement pooler';
  /** Clients take turns, as if the pooler had a single connection to the server: while one has a transaction open, the others wait. */
  readonly pool?: 'of one';
}

interface Planned {
  readonly sql: Choice;
  readonly moment: Moment;
  readonly fault: Fault;
  readonly happened: () => void;
}

/** A TCP proxy that reads the protocol of PostgreSQL: https://www.postgresql.org/docs/current/protocol-message-formats.html */
export async function startProxy(target: string, options: ProxyOptions = {}): Promise<Proxy> {
  const planned: Planned[] = [];
  const sockets = new Set<Socket>();
  const state = { target: new URL(target), isRefusing: false, isFrozen: false };
  const turns = takingTurns();
  const take = (sql: string): Planned | undefined => {
    const index = planned.findIndex((one) => one.sql.test(sql));
    return index === -1 ? undefined : planned.splice(index, 1)[0];
  };
  const server = createServer((client) => {
    if (state.isRefusing) return void client.destroy();
    const upstream = connect(Number(state.target.port), state.target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    relay(client, upstream, take, {
      ...options,
      isFrozen: () => state.isFrozen,
      turns: options.pool === 'of one' ? turns : undefined,
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    fault: (sql, moment, fault, then) =>
      new Promise((resolve) =>
        planned.push({
          sql,
          moment,
          fault,
          happened: () => {
            then?.();
            resolve();
          },
        }),
      ),
    redirect: (to) => void (state.target = new URL(to)),
    refuse: () => void (state.isRefusing = true),
    freeze: () => void (state.isFrozen = true),
    thaw: () => void (state.isFrozen = false),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function relay(
  client: Socket,
  upstream: Socket,
  take: (sql: string) => Planned | undefined,
  {
    as,
    isFrozen: isAllFrozen,
    turns,
  }: ProxyOptions & { isFrozen(): boolean; readonly turns: ReturnType<typeof takingTurns> | undefined },
): void {
  let isFrozen = false;
  const frozen = (): boolean => (isFrozen ||= isAllFrozen());
  /** Until when its reply is dropped, and what happens when it comes. */
  let awaited: Planned | undefined;
  let isDropping = false;
  const happen = ({ fault, happened }: Planned): void => {
    if (fault === 'freeze') isFrozen = true;
    if (fault === 'cut') for (const socket of [client, upstream]) socket.destroy();
    happened();
  };
  let isStarting = true;
  const fromClient = messages('startup', (message) => {
    if (isStarting || turns === undefined) forward(message);
    else turns.take(client, () => forward(message));
    isStarting = false;
  });
  const forward = (message: Buffer): void => {
    if (frozen()) return;
    if (as === 'statement pooler' && /^(?:BEGIN|START)/.test(sqlOf(message))) return void client.end(refusal);
    const planned = take(sqlOf(message));
    if (planned?.moment === 'request') happen(planned);
    if (planned?.moment === 'request' && planned.fault !== 'none') return;
    upstream.write(message);
    if (planned?.moment === 'sent') happen(planned);
    if (planned?.moment === 'reply' || planned?.moment === 'replied') awaited = planned;
  };
  const fromServer = messages('typed', (message) => {
    if (frozen()) return;
    if (awaited?.moment === 'reply') {
      isDropping = awaited.fault === 'drop';
      happen(awaited);
      awaited = undefined;
    }
    if (frozen() || client.destroyed) return;
    const isLast = String.fromCharCode(message[0] ?? 0) === 'Z';
    if (isLast && String.fromCharCode(message[5] ?? 0) === 'I') turns?.end(client);
    if (isDropping) isDropping = !isLast;
    else client.write(as ? withOtherKey(message) : message);
    if (awaited === undefined || !isLast) return;
    happen(awaited);
    awaited = undefined;
  });
  client.on('data', fromClient).on('close', () => {
    turns?.end(client);
    if (!isFrozen) upstream.destroy();
  });
  upstream.on('data', fromServer).on('close', () => void (isFrozen || client.destroy()));
}

/** The client whose transaction is open goes first; what others send waits for its end. */
function takingTurns() {
  let first: Socket | undefined;
  let waiting: { readonly client: Socket; readonly send: () => void }[] = [];
  const take = (client: Socket, send: () => void): void => {
    if (first !== undefined && first !== client) return void waiting.push({ client, send });
    first = client;
    send();
  };
  const end = (client: Socket): void => {
    waiting = client.destroyed ? waiting.filter((one) => one.client !== client) : waiting;
    if (first !== client) return;
    first = undefined;
    for (const { client: next, send } of waiting.splice(0)) take(next, send);
  };
  return { take, end };
}

/** Cuts a stream into messages. The first one of a client has no type. */
function messages(first: 'startup' | 'typed', each: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let hasType = first === 'typed';
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const start = hasType ? 1 : 0;
      if (rest.length < start + 4) return;
      const length = start + rest.readInt32BE(start);
      if (rest.length < length) return;
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      hasType = true;
      each(message);
    }
  };
}

/** The text of a Query or Parse message. */
function sqlOf(message: Buffer): string {
  const type = String.fromCharCode(message[0] ?? 0);
  if (type !== 'Q' && type !== 'P') return '';
  const text = message.toString('utf8', 5);
  return (type === 'P' ? text.slice(text.indexOf('\0') + 1) : text).split('\0')[0] ?? '';
}

const refusal = errorResponse('08P01', 'transaction blocks not allowed in statement pooling mode');

function errorResponse(code: string, text: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** BackendKeyData, with another process ID. */
function withOtherKey(message: Buffer): Buffer {
  if (String.fromCharCode(message[0] ?? 0) !== 'K') return message;
  const changed = Buffer.from(message);
  changed.writeInt32BE(1, 5);
  return changed;
}
