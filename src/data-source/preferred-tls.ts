import { isIP, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { sslRequest } from '../ssl-request.js';

type Done = (error?: Error | null) => void;

const encrypted = 'S'.charCodeAt(0);
const errorResponse = 'E'.charCodeAt(0);

/**
 * A socket that uses encryption if the server supports it, like `sslmode=prefer`. `pg` has no such mode: it either requires encryption or
 * does not ask for it. So `pg` gets this socket and is configured without encryption.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
export class PreferredTls extends Duplex {
  #socket = new Socket();
  #isReady = false;
  #waiting: (() => void) | undefined;
  /** Settings that were made on the socket, to repeat them on one that replaces it. */
  readonly #settings: ((socket: Socket) => void)[] = [];
  /** What was sent before the server's first answer; undefined after it. */
  #sent: Uint8Array[] | undefined = [];
  /** Used by `pg` for channel binding; undefined if the connection is not encrypted. */
  getPeerCertificate: TLSSocket['getPeerCertificate'] | undefined;

  constructor(private readonly options: ConnectionOptions) {
    super();
  }

  /** `pg` passes a port and a host, or the path of a local socket, which is never encrypted. */
  connect(port: number | string, host?: string): this {
    const socket = this.#socket;
    socket.on('error', this.#onError).on('close', this.#onClose);
    if (typeof port === 'string' && host === undefined) socket.connect(port, () => this.#use(socket));
    else socket.connect(Number(port), host ?? 'localhost', () => this.#negotiate(socket, Number(port), host));
    return this;
  }

  #negotiate(socket: Socket, port: number, host: string | undefined): void {
    socket.once('data', (answer: Buffer) => {
      const [letter] = answer;
      if (letter === errorResponse) {
        this.#use(socket);
        this.push(answer);
        // Any bytes after the letter were injected before encryption began.
      } else if (answer.length > 1) this.destroy(new Error('The answer to the request for encryption is too long'));
      else if (letter === encrypted) this.#encrypt(socket, port, host);
      else this.#use(socket);
    });
    socket.write(sslRequest);
  }

  #encrypt(socket: Socket, port: number, host: string | undefined): void {
    socket.off('error', this.#onError).off('close', this.#onClose);
    // An IP address must not be sent as a server name (RFC 6066).
    const named = host !== undefined && isIP(host) === 0;
    // Loaded only here, because most servers of developers do without.
    const secure = process
      .getBuiltinModule('node:tls')
      .connect({ ...this.options, socket, ...(named && { servername: host }) });
    this.#socket = secure;
    const again = (): void => this.#plainly(port, host);
    secure.once('error', again);
    secure.once('secureConnect', () => {
      secure.off('error', again).on('error', this.#onError).on('close', this.#onClose);
      this.getPeerCertificate = secure.getPeerCertificate.bind(secure);
      this.#use(secure, again);
    });
  }

  /**
   * Connects without encryption if the encrypted attempt fails, as libpq does: at the handshake, or by an error as the first answer
   * (`hostnossl` in pg_hba.conf).
   */
  #plainly(port: number, host: string | undefined): void {
    this.#socket
      .off('error', this.#onError)
      .off('close', this.#onClose)
      .on('error', () => undefined)
      .destroy();
    this.getPeerCertificate = undefined;
    const socket = (this.#socket = new Socket());
    for (const set of this.#settings) set(socket);
    socket.on('error', this.#onError).on('close', this.#onClose);
    socket.connect(port, host ?? 'localhost', () => this.#use(socket));
  }

  #use(socket: Socket, refused?: () => void): void {
    socket.on('data', (piece: Buffer) => {
      const isFirst = this.#sent !== undefined;
      if (refused && isFirst && piece[0] === errorResponse) {
        refused();
        return;
      }
      this.#sent = undefined;
      if (!this.push(piece)) socket.pause();
    });
    socket.on('end', () => socket === this.#socket && this.push(null));
    if (this.#isReady) {
      for (const piece of this.#sent ?? []) socket.write(piece);
      return;
    }
    this.#isReady = true;
    this.emit('connect');
    this.#waiting?.();
    this.#waiting = undefined;
  }

  readonly #onError = (error: Error): void => void this.destroy(error);
  readonly #onClose = (): void => void this.destroy();

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  setNoDelay(noDelay?: boolean): this {
    return this.#set((socket) => socket.setNoDelay(noDelay));
  }

  setKeepAlive(enable?: boolean, initialDelay?: number): this {
    return this.#set((socket) => socket.setKeepAlive(enable, initialDelay));
  }

  ref(): this {
    return this.#set((socket) => socket.ref());
  }

  unref(): this {
    return this.#set((socket) => socket.unref());
  }

  #set(setting: (socket: Socket) => void): this {
    this.#settings.push(setting);
    setting(this.#socket);
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(piece: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    if (!this.#isReady) {
      this.#waiting = () => this._write(piece, _encoding, done);
      return;
    }
    this.#sent?.push(piece);
    this.#socket.write(piece, done);
  }

  override _final(done: Done): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy();
    done(error);
  }
}
