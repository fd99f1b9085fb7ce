// Four clients of the shop, in a process of their own so that nothing else delays them: two read and two write, all the time. They answer
// each message with the longest waits since the last one. After `next version` they insert as the new version of the app does.
import pg from 'pg';

const [url, orders, added] = [process.argv[2], Number(process.argv[3]), JSON.parse(process.argv[4] ?? '{}')];
const nothing = () => ({ read: 0, write: 0, errors: [], statements: 0 });
let waits = nothing();
let values = {};
const state = { ended: false };

const read = (connection, id) =>
  connection.query('SELECT id, customer_id, email, code, quantity, placed, note FROM orders WHERE id = $1', [id]);
const update = (connection, id) =>
  connection.query('UPDATE orders SET note = $2, quantity = $3 WHERE id = $1', [id, `note ${id}`, (id % 90) + 1]);
const insert = (connection, id) =>
  connection.query(
    `INSERT INTO orders (${['customer_id', 'email', 'code', 'quantity', 'note', 'region', ...Object.keys(values)].join(', ')})
     VALUES (${["$1, $2, gen_random_uuid()::text, 1, 'new', 'south'", ...Object.values(values)].join(', ')})`,
    [(id % 1000) + 1, `buyer${id}@shop.example`],
  );

async function client(kind, statements) {
  const connection = new pg.Client({ connectionString: url, application_name: 'client' });
  connection.on('error', () => undefined);
  await connection.connect();
  while (!state.ended) {
    const id = 1 + Math.floor(Math.random() * orders);
    for (const statement of statements) {
      const started = performance.now();
      await statement(connection, id).catch((error) => waits.errors.push(error.message));
      waits[kind] = Math.max(waits[kind], performance.now() - started);
      waits.statements += 1;
    }
    // As busy as a shop, and not as a benchmark.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await connection.end();
}

const clients = [
  client('read', [read]),
  client('read', [read]),
  client('write', [update, insert]),
  client('write', [update, insert]),
];
process.on('message', (message) => void answer(message));
process.send('ready');

async function answer(message) {
  if (message === 'next version') values = added;
  if (message === 'end') {
    state.ended = true;
    await Promise.all(clients);
  }
  process.send(waits);
  waits = nothing();
  if (state.ended) process.disconnect();
}
