import type { GlobalFlags } from './flags.js';

/** The commands that read a data source. */
const single = 'run|revert|redo|status|wait|resolve|dev|generate|create|check|lint|plan|drift|baseline|fresh|seed';
const commands = `${single}|database create|database drop`;
const proposed = new RegExp(
  `\\bnest-migrate (?:${commands})\\b(?! (?:-d|--data-source|--app|--all-data-sources)\\b)`,
  'g',
);

/** Adds the flags that name the source of this command to every command that a text proposes, so that it concerns the same database. */
export function forSameSource({ dataSource, app, connection }: GlobalFlags): (text: string) => string {
  const flags = [
    ...(dataSource === undefined ? [] : ['-d', dataSource]),
    ...(app === undefined ? [] : ['--app', app]),
    ...(connection === undefined ? [] : ['--connection', connection]),
  ].map((word) => (/^[\w./@-]+$/.test(word) ? word : `"${word}"`));
  return flags.length === 0
    ? (text) => text
    : (text) => text.replace(proposed, (command) => [command, ...flags].join(' '));
}
