import type { DataSource } from 'typeorm';
import { Within } from '../within.js';
import { keepingAway } from './keep-away.js';
import { WhileInUse } from './while-in-use.js';

/** The data source of the project for each one that was made with its options. */
const projects = new WeakMap<DataSource, DataSource>();
const standing = new Within<DataSource>();
const redirections = new WhileInUse<DataSource>();

/** Lets `made` stand in for the data source of the project, see `standingIn`. */
export function standsInFor(project: DataSource, made: DataSource): void {
  projects.set(made, projects.get(project) ?? project);
}

/**
 * Executes code of a migration or a seed on a data source. It may import the data source of the project (`AppDataSource.getRepository(…)`),
 * which is not connected, or to another database. So everything that this code reads of it is read of the one that stands in for it. An app
 * that uses it at the same time does not notice. The database of the project cannot be reached from this code.
 */
export async function standingIn<T>(made: DataSource, work: () => Promise<T>): Promise<T> {
  const project = projects.get(made);
  if (project === undefined) return work();
  // Before it is redirected, because a data source that is created late does not exist yet.
  return keepingAway(project, () =>
    redirections.during(
      project,
      () => redirect(project, made),
      () => standing.run(made, work),
    ),
  );
}

function redirect(project: DataSource, made: DataSource): () => void {
  // Others put this method on a data source for a time.
  const keys = new Set([...Object.keys(project), ...Object.keys(made), 'createQueryRunner']);
  // What it has itself is kept in another object of its class, and put back from there. Each key is asked for, because a data source that is
  // created late lists only its options.
  const own = Object.create(Object.getPrototypeOf(project) as object) as object;
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(project, key);
    if (descriptor) Object.defineProperty(own, key, descriptor);
  }
  for (const key of keys) {
    Object.defineProperty(project, key, {
      configurable: true,
      enumerable: Object.hasOwn(own, key),
      get: () => Reflect.get(standing.current ?? own, key, standing.current ?? project) as unknown,
      set: (value: unknown) => {
        Reflect.set(standing.current ?? own, key, value);
      },
    });
  }
  return () => {
    for (const key of keys) {
      Reflect.deleteProperty(project, key);
      const descriptor = Object.getOwnPropertyDescriptor(own, key);
      if (descriptor) Object.defineProperty(project, key, descriptor);
    }
  };
}
