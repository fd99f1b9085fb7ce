import type { Observed } from '../../observe/observed.js';
import { blockedBy } from '../../observe/relation.js';
import type { Relation } from '../../observe/relation.js';

/** The observed effects of a statement, one line each: what blocks other sessions or takes long. */
export function describeEffects({ locks, rewrites, builds, scans }: Observed): readonly string[] {
  const blocking = locks.filter(({ mode, relation }) => relation.kind !== 'index' && blockedBy(mode) !== 'nothing');
  return [
    ...blocking.map(({ relation, mode }) => `locks ${called(relation)}: ${mode}, ${blockedBy(mode)} wait`),
    ...scans.filter(({ isNew }) => !isNew).map((relation) => `reads all of ${called(relation)}`),
    ...rewrites.map((relation) => `rewrites ${called(relation)}`),
    ...(builds.length > 0 ? [`builds ${builds.map(called).join(', ')}`] : []),
  ];
}

function called({ schema, name }: Relation): string {
  return `${schema}.${name}`;
}
