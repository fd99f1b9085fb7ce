import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A door before the server that counts how often a client has to wait for an answer before it can go on: what goes to the server after
 * something has come from it begins another round trip. Over a network, each of them costs what `ping` says.
 */
export async function countRoundTrips(port, work) {
  let trips = 0;
  const sockets = new Set();
  const door = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    let answered = true;
    client.on('data', (bytes) => {
      if (answered) trips++;
      answered = false;
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      answered = true;
      client.write(bytes);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      sockets.add(socket.setNoDelay());
      socket.on('error', () => other.destroy());
      socket.on('end', () => other.end());
    }
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  try {
    await work(door.address().port);
    return trips;
  } finally {
    for (const socket of sockets) socket.destroy();
    door.close();
  }
}
