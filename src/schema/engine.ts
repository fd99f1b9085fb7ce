import { importForDevelopment } from '../development.js';
import type { ObjectId } from './object-id.js';

/** The parts of @supabase/pg-delta that are used. It reads catalogs and orders differences; it is a pre-release. */
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
  return (loaded ??= importForDevelopment<Engine>('pg-delta', 'Comparing schemas needs'));
}
