/** What can be left alone in a comparison; a kind stands for all that is made by the same word in SQL, or nearly. */
export const ignorableKinds = [
  'schema',
  'table',
  'column',
  'index',
  'constraint',
  'trigger',
  'policy',
  'rule',
  'view',
  'sequence',
  'type',
  'function',
  'comment',
  'extension',
  'collation',
  'publication',
  'subscription',
  'event-trigger',
  'server',
  'fdw',
] as const;
/** A kind of object that `drift` can leave alone. */
export type IgnorableKind = (typeof ignorableKinds)[number];

/** What is wrong with `table:events_*`; undefined when it is right. */
export function ignoreProblem(pattern: unknown): string | undefined {
  const [, kind, path] = /^([^:]*):(.*)$/s.exec(typeof pattern === 'string' ? pattern : '') ?? [];
  if (kind === undefined || path === undefined || path.split('.').includes(''))
    return `must be <kind>:<name>, such as "table:events_*", but is ${JSON.stringify(pattern)}`;
  const kinds: readonly string[] = ignorableKinds;
  return kinds.includes(kind) ? undefined : `unknown kind in ${JSON.stringify(pattern)} (known: ${kinds.join(', ')})`;
}
