import { forwardRef, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { DataSource } from 'typeorm';

/** What no migration can be given. This file is loaded by a test, and copied into the app of another one. */
@Injectable({ scope: Scope.REQUEST })
class ByRequest {
  constructor(readonly dataSource: DataSource) {}
}

@Injectable()
class Reports {
  constructor(readonly byRequest: ByRequest) {}
}

@Injectable()
class Chicken {
  constructor(
    @Inject(forwardRef(() => Egg)) readonly egg: unknown,
    readonly dataSource: DataSource,
  ) {}
}

@Injectable()
class Egg {
  constructor(@Inject(forwardRef(() => Chicken)) readonly chicken: unknown) {}
}

@Injectable()
class Finder {
  constructor(readonly container: ModuleRef) {}
}

@Injectable()
class Lookup {
  constructor(readonly finder: Finder) {}
}

@Injectable()
class Status {
  constructor(@Inject(Symbol.for('nest-migrate.service.default')) readonly migrations: unknown) {}
}

const providers = [ByRequest, Reports, Chicken, Egg, Finder, Lookup, Status];
export const refused = { ByRequest, Reports, Chicken, ModuleRef, Finder, Lookup, Status };

@Module({ providers, exports: providers })
export class RefusedModule {}

export const refusals: readonly (readonly [name: keyof typeof refused, message: string])[] = [
  ['ByRequest', 'its dependency ByRequest is created for each request'],
  ['Reports', 'its dependency Reports needs ByRequest, which is created for each request'],
  ['Chicken', 'its dependency Chicken needs itself (Chicken → Egg → Chicken)'],
  ['ModuleRef', "its dependency ModuleRef provides objects that work outside the migration's transaction"],
  [
    'Finder',
    "its dependency Finder needs ModuleRef, which provides objects that work outside the migration's transaction",
  ],
  [
    'Lookup',
    "its dependency Lookup needs ModuleRef (Lookup → Finder → ModuleRef), which provides objects that work outside the migration's transaction",
  ],
  [
    'Status',
    'its dependency Status needs Symbol(nest-migrate.service.default), which exists only after the migrations',
  ],
];
