// The least that a tool does that takes the connection from the project's data source. Run in the project's folder.
const { join } = require('node:path');
const { createRequire } = require('node:module');

const projectRequire = createRequire(join(process.cwd(), 'package.json'));
const { options } = projectRequire('./data-source.js').default;
const { Client } = projectRequire('pg');

async function ask() {
  const client = new Client(options.url);
  await client.connect();
  await client.query('SELECT 1');
  await client.end();
}

void ask();
