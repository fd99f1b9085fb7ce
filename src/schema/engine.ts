import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf, MigrateError } from '../errors.js';
import { pgDelta, pglite } from '../version.js';
import type { ObjectId } from './object-id.js';

/** The parts of @supabase/pg-delta that are used. It reads catalogs and orders differences; it is optional, and a pre-release. */
export interface Engine {
  extract(pool: unknown): Promise<{ readonly factBase: FactBase }>;
  buildFactBase(facts: Fact[], edges: Dependency[]): FactBase;
  plan(from: FactBase, to: FactBase, options: object): EnginePlan;
}

export interface Fact {
  readonly id: ObjectId;
  readonly parent?: ObjectId;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Dependency {
  readonly from: ObjectId;
  readonly to: ObjectId;
  readonly kind: string;
}

export interface FactBase {
  readonly edges: readonly Dependency[];
  readonly rootHash: string;
  facts(): Fact[];
}

export interface EnginePlan {
  readonly actions: readonly EngineAction[];
  readonly deltas: readonly unknown[];
}

export interface EngineAction {
  readonly sql: string;
  readonly verb: 'create' | 'alter' | 'drop';
  readonly produces: readonly ObjectId[];
  readonly consumes: readonly ObjectId[];
  readonly destroys: readonly ObjectId[];
  readonly releases: readonly ObjectId[];
  readonly transactionality: 'transactional' | 'nonTransactional' | 'commitBoundaryAfter';
  readonly dataLoss: 'none' | 'destructive';
  readonly rewriteRisk: boolean;
}

let loaded: Promise<Engine> | undefined;

export function engine(): Promise<Engine> {
  return (loaded ??= load());
}

async function load(): Promise<Engine> {
  const { extract } = (await importOptional('@supabase/pg-delta/extract')) as Pick<Engine, 'extract'>;
  const { plan } = (await importOptional('@supabase/pg-delta/plan')) as Pick<Engine, 'plan'>;
  const { buildFactBase } = (await importOptional('@supabase/pg-delta')) as Pick<Engine, 'buildFactBase'>;
  return { extract, plan, buildFactBase };
}

/** From the user's project, or from where this package lies. */
async function importOptional(name: string): Promise<unknown> {
  try {
    const found = createRequire(join(process.cwd(), 'package.json')).resolve(name);
    return await import(pathToFileURL(found).href);
  } catch (error) {
    if (codeOf(error) !== 'MODULE_NOT_FOUND') throw error;
    throw new MigrateError({
      code: 'PACKAGE_MISSING',
      message: 'Comparing schemas needs @supabase/pg-delta, which is not installed here.',
      next: `Install it for development: npm i -D ${pgDelta} ${pglite}`,
      cause: error,
    });
  }
}
