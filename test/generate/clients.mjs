// Four clients of the shop, in a process of their own so that nothing else delays them: each reads and writes without a pause, with the
// statements of the first version of the app. `pause` is answered with the longest waits since the last one.
import pg from 'pg';

const [url, orders] = [process.argv[2], Number(process.argv[3])];
let longest = { read: 0, write: 0, errors: [], statements: 0 };
let ended = false;

async function timed(kind, work) {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    longest.errors.push(error.message);
  }
  longest[kind] = Math.max(longest[kind], performance.now() - started);
  longest.statements += 1;
}

async function client() {
  const connection = new pg.Client({ connectionString: url, application_name: 'client' });
  connection.on('error', () => undefined);
  await connection.connect();
  while (!ended) {
    const id = 1 + Math.floor(Math.random() * orders);
    await timed('read', () =>
      connection.query('SELECT id, customer_id, email, code, quantity, placed, note FROM orders WHERE id = $1', [id]),
    );
    await timed('write', () =>
      connection.query('UPDATE orders SET note = $2, quantity = $3 WHERE id = $1', [id, `note ${id}`, (id % 90) + 1]),
    );
    await timed('write', () =>
      connection.query(
        `INSERT INTO orders (customer_id, email, code, quantity, note, region) VALUES ($1, $2, gen_random_uuid()::text, 1, 'new', 'south')`,
        [(id % 1000) + 1, `buyer${id}@shop.example`],
      ),
    );
    // As busy as a shop, and not as a benchmark.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await connection.end();
}

const clients = Array.from({ length: 4 }, client);
process.on('message', async (message) => {
  if (message === 'end') {
    ended = true;
    await Promise.all(clients);
  }
  const result = longest;
  longest = { read: 0, write: 0, errors: [], statements: 0 };
  process.send(result);
  if (ended) process.disconnect();
});
process.send('ready');
