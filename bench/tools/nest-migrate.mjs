import { join } from 'node:path';
import { nestMigrateProject } from '../corpus/typeorm-project.mjs';
import { node } from '../measure/process.mjs';
import { app, binOf, ofApp } from '../paths.mjs';

const command = (...args) => node(binOf(ofApp('nest-migrate'), 'nest-migrate'), ...args);

const tool = (name, language) => ({
  name,
  transaction: 'each, with ledger, log and lock',
  home: join(app, 'projects'),
  project: (migrations) => nestMigrateProject(migrations, language),
  run: () => command('run'),
  status: () => command('status'),
  help: () => command('--help'),
  command,
  ledger: 'migrations',
});

export const nestMigrate = tool('nest-migrate', 'js');
export const nestMigrateTypeScript = tool('nest-migrate, TypeScript files', 'ts');
