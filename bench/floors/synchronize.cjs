// What `synchronize: true` does at each start of an app, with the entities of the folder it is started in.
const { join } = require('node:path');
const { default: dataSource } = require(join(process.cwd(), 'data-source.js'));

void dataSource
  .initialize()
  .then(() => dataSource.synchronize())
  .then(() => dataSource.destroy());
