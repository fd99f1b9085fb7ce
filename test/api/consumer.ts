/** What a user may write, and what must not compile. Type-checked with the tests; nothing of it is executed. */
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import {
  createMigrator,
  defineDataSource,
  ExitCode,
  getMigrationsToken,
  InjectMigrations,
  isMigrateError,
  migrated,
  MigrationsHealthIndicator,
  MigrationsModule,
  MigrationsService,
} from '../../src/index.js';
import type {
  Ask,
  BaselineOptions,
  Duration,
  EmbeddedOptions,
  GenerateOptions,
  GenerateResult,
  Instantiate,
  LockMode,
  MigrationsHealth,
  Severity,
  WarningCode,
} from '../../src/index.js';

const dataSource = defineDataSource(
  { embedded: { dir: '.data' } satisfies EmbeddedOptions },
  { lockTimeout: '500ms', retryFor: '10min', waitForOthers: 0, ignore: ['table:audit_*'] },
);
// @ts-expect-error: no such unit.
defineDataSource({}, { lockTimeout: '2sec' });
const durations: readonly Duration[] = [500, '2s', '1.5h'];

@Module({
  imports: [
    MigrationsModule.forRoot({ dataSource, onBootstrap: 'wait', waitTimeout: '1min' }),
    MigrationsModule.forRootAsync({ useFactory: () => ({ dataSource }) }),
    TypeOrmModule.forRootAsync(migrated({ useFactory: () => ({ type: 'postgres' }) }, { onBootstrap: 'run' })),
    // @ts-expect-error: nothing makes the options.
    MigrationsModule.forRootAsync({}),
    // @ts-expect-error: two ways to make them.
    MigrationsModule.forRootAsync({ useFactory: () => ({ dataSource }), useClass: Options }),
  ],
})
export class AppModule {
  constructor(
    @InjectMigrations('reports') readonly reports: MigrationsService,
    readonly health: MigrationsHealthIndicator,
  ) {}

  isHealthy(): Promise<MigrationsHealth> {
    return this.health.isHealthy('migrations');
  }
}

class Options {
  createMigrationsOptions() {
    return { dataSource };
  }
}

const ask: Ask = {
  choose: async (_question, choices) => choices[0]?.value ?? '',
  text: async () => '',
  confirm: async () => true,
};

export async function everything(source: DataSource, instantiate: Instantiate): Promise<ExitCode> {
  const warnings: WarningCode[] = [];
  const migrator = createMigrator({
    dataSource: source,
    instantiate,
    settings: { connect: { timeout: durations[0] ?? 0 } },
    onEvent: (event) => {
      if (event.type === 'warning') warnings.push(event.code);
    },
  });
  try {
    const options: GenerateOptions = { language: 'ts', ask, dryRun: true };
    const baseline: BaselineOptions = { language: 'sql', check: true };
    const generated: GenerateResult = await migrator.generate(options);
    await migrator.baseline(baseline);
    const { findings } = await migrator.lint({ all: true });
    const severities: readonly Severity[] = findings.map(({ severity }) => severity);
    const { migrations } = await migrator.plan();
    const modes: readonly LockMode[] = migrations.flatMap((one) =>
      one.statements.flatMap(({ locks }) => locks.map(({ mode }) => mode)),
    );
    await migrator.run({ mode: 'dry', phase: 'expand' });
    // @ts-expect-error: it is called mode.
    await migrator.run({ dryRun: true });
    const count = generated.files.length + severities.length + modes.length + warnings.length;
    return count > 0 ? ExitCode.todo : ExitCode.done;
  } catch (error) {
    return isMigrateError(error) ? error.exitCode : ExitCode.failed;
  }
}

export const token: symbol = getMigrationsToken();
