import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** For 127.0.0.1, signed by itself, and for nothing else than tests. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg85EdzlEz87QBVw9x
5zibu8H9xthbFY+FfHms2VaTP1qhRANCAAQMLL7YAdEiuMpWz6PwLy+2BsO20D7f
dzxtbyIjfVX+UBirSXYjNVkeZ0ij9yrRf8XyRGoGfPNJWDduULzhnnJz
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUMpBIZ0EisRASfPEvWX3dEdRB49gwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzE2MDQ0OVoYDzIxMjYxMTAz
MTYwNDQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQMLL7YAdEiuMpWz6PwLy+2BsO20D7fdzxtbyIjfVX+UBirSXYjNVke
Z0ij9yrRf8XyRGoGfPNJWDduULzhnnJzo1MwUTAdBgNVHQ4EFgQUZvVQ+5L9J0WK
xLY+eCrFn+5uPXcwHwYDVR0jBBgwFoAUZvVQ+5L9J0WKxLY+eCrFn+5uPXcwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiA7bSUWVAF2FLriH1l6BG9a
0ELgD2krh1CGhYxZpxBqlwIhAKTFhFFs0pjgVx4PXbFSzJSLQZ4PTfhq6TSYzWAA
RWJQ
-----END CERTIFICATE-----`;

const sslRequest = 80877103;

const refused = 'SFATAL\0C28000\0Mno pg_hba.conf entry for this host, SSL encryption\0\0';
const refusal = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), Buffer.from(refused)]);
refusal.writeInt32BE(refusal.length - 1, 1);

/** The path to a server: encrypted if a client asks for it; or promised and then broken off, or refused as `hostnossl` does in pg_hba.conf. */
export async function encrypting(
  url: string,
  answer: 'encrypted' | 'broken off' | 'refused',
): Promise<{ url: string; asked: () => number; close(): void }> {
  const { hostname, port } = new URL(url);
  let asked = 0;
  const sockets = new Set<Socket>();
  const relay = (client: Socket, first?: Buffer): void => {
    const server = connect(Number(port), hostname);
    for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    if (first) server.write(first);
    client.pipe(server).pipe(client);
  };
  const listener = createServer((client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.once('data', (first) => {
      if (first.readInt32BE(4) !== sslRequest) return relay(client, first);
      asked += 1;
      client.write('S');
      if (answer === 'broken off') return client.destroy();
      const secure = new TLSSocket(client, { isServer: true, key, cert });
      if (answer === 'encrypted') return relay(secure);
      secure.on('error', () => secure.destroy()).once('data', () => secure.end(refusal));
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const own = new URL(url);
  own.hostname = '127.0.0.1';
  own.port = String((listener.address() as AddressInfo).port);
  return {
    url: own.href,
    asked: () => asked,
    close: () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}
