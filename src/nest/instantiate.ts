import { Inject } from '@nestjs/common';
import type { InjectionToken, Type } from '@nestjs/common';
import { getDataSourcePrefix, getDataSourceToken, getEntityManagerToken } from '@nestjs/typeorm';
import type { EntityMetadata, QueryRunner } from 'typeorm';
import { isMigrateError } from '../errors.js';
import type { MigrateError } from '../errors.js';
import type { Instantiate } from '../files/migration.js';
import { boundDataSource } from '../typeorm/bound-data-source.js';
import { dependenciesOf, propertiesOf } from './dependencies.js';
import type { Dependency } from './dependencies.js';
import { failedProvider, refusedDependency, unknownProvider, unknownType } from './dependency-errors.js';
import type { Wanted } from './dependency-errors.js';
import { circular, judge } from './judge.js';
import { defaultConnection } from './migrations.constants.js';
import { dependenciesOfProvider, moduleOf, referenceOf, visibleFrom } from './module-graph.js';
import type { Container, Module, Provider } from './module-graph.js';
import { isConfiguration, refusingUses, standIn } from './stand-in.js';

/**
 * Gives migration classes the dependencies of their constructors. Everything that belongs to the data source being migrated (itself, its
 * manager, repositories) uses the migration's own query runner and so takes part in its transaction. Providers that depend on it are
 * created again for the migration. All other providers come from Nest. If the migration is only tried, providers that do not belong to the
 * database are replaced by stand-ins, unless `replayProviders` names them.
 */
export function createInstantiate(
  container: Container,
  connection: string,
  replayProviders: readonly InjectionToken[] = [],
): Instantiate {
  return async (migrationClass, queryRunner, purpose) => {
    const own = ownTokens(queryRunner, connection);
    const uses: MigrateError[] = [];
    const judging: Judging = {
      uses,
      isOwn: (token) => own.has(token),
      isReal: (token) => purpose === 'run' || isConfiguration(token) || replayProviders.includes(token),
      connection,
    };
    const maker = new Maker(migrationClass.name, container, judging, own);
    return refusingUses(await maker.migration(migrationClass as unknown as Type<object>), uses);
  };
}

interface Judging extends Pick<Parameters<typeof judge>[2], 'isOwn' | 'connection'> {
  /** Whether the migration gets the provider itself rather than a stand-in. */
  readonly isReal: (token: InjectionToken) => boolean;
  /** The errors from uses of stand-ins. */
  readonly uses: MigrateError[];
}

/** The tokens under which @nestjs/typeorm provides this connection and everything derived from it. */
function ownTokens(queryRunner: QueryRunner, connection: string): ReadonlyMap<InjectionToken, () => unknown> {
  const dataSource = boundDataSource(queryRunner);
  const { manager } = dataSource;
  const prefix = getDataSourcePrefix(connection);
  const repositoryOf = ({ target, treeType }: EntityMetadata): unknown =>
    treeType === undefined ? manager.getRepository(target) : manager.getTreeRepository(target);
  const own = new Map<InjectionToken, () => unknown>([
    ...dataSource.entityMetadatas.map((metadata) => {
      const { target } = metadata;
      const token: InjectionToken = `${prefix}${typeof target === 'function' ? target.name : target}Repository`;
      return [token, () => repositoryOf(metadata)] as const;
    }),
    [getDataSourceToken(connection) as InjectionToken, () => dataSource],
    [getEntityManagerToken(connection) as InjectionToken, () => manager],
  ]);
  // The app may use a different copy of TypeORM.
  if (connection === defaultConnection)
    own.set(dataSource.constructor, () => dataSource).set(manager.constructor, () => manager);
  return own;
}

/** Creates the dependencies of one migration. */
class Maker {
  private readonly made = new Map<Provider, unknown>();

  constructor(
    private readonly name: string,
    private readonly container: Container,
    private readonly judging: Judging,
    private readonly own: ReadonlyMap<InjectionToken, () => unknown>,
  ) {}

  async migration(migrationClass: Type<object>): Promise<object> {
    const module = moduleOf(this.container);
    const parts = (dependency: Dependency, index: number): Promise<unknown> => {
      if (dependency.token === undefined) throw unknownType(this.name, index);
      const { token, optional } = dependency;
      const wanted: Wanted = { token, optional, migration: this.name };
      return this.part(token, { module, wanted, path: [token], making: [] });
    };
    return construct(migrationClass, parts);
  }

  private async part(token: InjectionToken, place: Place): Promise<unknown> {
    const own = this.own.get(token);
    if (own !== undefined) return own();
    const isReal = this.judging.isReal(token);
    if (place.module === undefined)
      return isReal ? fromNest(this.container, token, place.wanted) : standIn(token, this.name, this.judging.uses);
    const verdict = judge(token, place.module, this.judging);
    if (typeof verdict === 'object') throw refusedDependency(place.wanted, verdict.refused);
    const provider = visibleFrom(place.module, token);
    if (provider !== undefined && verdict === 'shared' && !isReal) return standIn(token, this.name, this.judging.uses);
    if (verdict === 'shared' || provider === undefined)
      return fromNest(referenceOf(place.module) ?? this.container, token, place.wanted);
    const again = place.making.indexOf(provider);
    if (again !== -1) throw refusedDependency(place.wanted, circular(place.path, again));
    return this.once(provider, { ...place, making: [...place.making, provider] });
  }

  private async once(provider: Provider, place: Place): Promise<unknown> {
    if (this.made.has(provider)) return this.made.get(provider);
    const value = await this.make(provider, place);
    if (provider.scope !== transientScope) this.made.set(provider, value);
    return value;
  }

  private async make(provider: Provider, { wanted, path, making }: Place): Promise<unknown> {
    const part = ({ token, optional }: Dependency): Promise<unknown> =>
      token === undefined
        ? Promise.resolve(undefined)
        : this.part(token, { module: provider.host, wanted: { ...wanted, optional }, path: [...path, token], making });
    try {
      if (!provider.inject) return await construct(provider.metatype as Type<object>, part);
      const values: unknown[] = [];
      for (const dependency of dependenciesOfProvider(provider)) values.push(await part(dependency));
      return await (provider.metatype as (...values: unknown[]) => unknown)(...values);
    } catch (error) {
      throw isMigrateError(error) ? error : failedProvider(wanted, error);
    }
  }
}

/** Where a token was found: in which module, for which dependency of the migration, and along which path of providers. */
interface Place {
  readonly module: Module | undefined;
  readonly wanted: Wanted;
  readonly path: readonly InjectionToken[];
  /** The providers on that path. */
  readonly making: readonly Provider[];
}

/** Nest's `Scope.TRANSIENT`. */
const transientScope = 1;

/** Resolves one dependency after the other: each may use the connection, which executes one query at a time. */
async function construct(
  made: Type<object>,
  part: (dependency: Dependency, index: number) => Promise<unknown>,
): Promise<object> {
  const values: unknown[] = [];
  for (const [index, dependency] of dependenciesOf(made).entries()) values.push(await part(dependency, index));
  const instance = new made(...values) as Record<PropertyKey, unknown>;
  for (const [index, dependency] of propertiesOf(made).entries()) {
    const value = await part(dependency, index);
    if (value !== undefined) instance[dependency.key] = value;
  }
  return instance;
}

const patienceMs = 30_000;

/** Has Nest create a small class with only this dependency, so that a provider that is still being created is awaited. */
async function fromNest(container: Container, token: InjectionToken, wanted: Wanted): Promise<unknown> {
  class Holder {
    constructor(readonly value: unknown) {}
  }
  Reflect.defineMetadata('design:paramtypes', [Object], Holder);
  Inject(token)(Holder, undefined, 0);
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_resolve, reject) => {
    // The provider may wait for the data source, which exists only after the migrations. That cannot be detected.
    const why = `was not available within ${patienceMs / 1000} s, perhaps because it waits for the migrations`;
    timer = setTimeout(() => reject(refusedDependency(wanted, why)), patienceMs);
  });
  try {
    return (await Promise.race([container.create(Holder), never])).value;
  } catch (error) {
    if (isMigrateError(error)) throw error;
    if (!isUnknown(error)) throw failedProvider(wanted, error);
    if (wanted.optional) return undefined;
    throw unknownProvider(wanted, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Compared by name, since the app may use a different copy of Nest. */
function isUnknown(error: unknown): boolean {
  return (error as object | undefined)?.constructor.name === 'UnknownDependenciesException';
}
