import { parentPort, workerData } from 'node:worker_threads';
import { contributed, PGlite } from './pglite.js';

// PGlite in a thread of its own: nothing of it is loaded where the app runs, which may be a test runner that cannot load ES modules. It
// opens the folder that it is given, and carries out what it is told, one after the other.
const { dir, extensions } = workerData;

async function open() {
  const loaded = await Promise.all(extensions.map(async (name) => [name, await contributed(name)]));
  const lite = new PGlite(dir, { extensions: Object.fromEntries(loaded) });
  await lite.waitReady;
  return lite;
}

const orders = {
  open: () => undefined,
  send: (lite, { messages }) => lite.send(messages),
  close: (lite) => lite.close(),
};

const opened = open();
// Each order hears of it.
opened.catch(() => undefined);

parentPort.on('message', ({ id, order }) => {
  void carryOut(order).then(
    (value) => say({ id, value }),
    (error) => say({ id, error }),
  );
});

async function carryOut(order) {
  return orders[order.kind](await opened, order);
}

function say(answer) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the other thread is no window.
  parentPort.postMessage(answer);
}
