import { join } from 'node:path';
import { typeormProject } from '../corpus/typeorm-project.mjs';
import { node } from '../measure/process.mjs';
import { app, ofApp } from '../paths.mjs';

const commandIn = (file) => {
  const command = (action, ...args) =>
    node(join(ofApp('typeorm'), file), action, '-d', `data-source.${file === 'cli.js' ? 'js' : 'ts'}`, ...args);
  return command;
};

const tool = (name, language, file, transaction) => ({
  name,
  // It compiles each file with all that came before: at 1,000 files it takes minutes.
  ...(language === 'ts' && { upTo: 100 }),
  transaction: transaction === 'each' ? 'each, no lock' : 'one for all, no lock',
  home: join(app, 'projects'),
  project: (migrations) => typeormProject(migrations, language),
  run: () => commandIn(file)('migration:run', '-t', transaction),
  status: () => commandIn(file)('migration:show'),
  help: () => node(join(ofApp('typeorm'), file), '--help'),
  command: commandIn(file),
  ledger: 'migrations',
});

export const typeorm = tool('typeorm', 'js', 'cli.js', 'each');
export const typeormInOne = tool('typeorm, one transaction', 'js', 'cli.js', 'all');
export const typeormTsNode = tool('typeorm, ts-node', 'ts', 'cli-ts-node-commonjs.js', 'each');
