import Module from 'node:module';

/**
 * `require`, as a file or folder of that name would have it. Bundlers know `createRequire` where it is imported by its name: they look for what
 * is required while they bundle, and warn of each name that is known only later.
 */
export function requireFrom(file: string): NodeJS.Require {
  return Module.createRequire(file);
}
