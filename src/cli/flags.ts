import type { Duration } from '../duration.js';
import type { ContractPolicy, MigrateSettings } from '../options.js';

/** The flags of every command, with commander's names. */
export interface GlobalFlags {
  readonly dataSource?: string;
  readonly app?: string;
  readonly connection?: string;
  readonly tsconfig?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
  readonly lockTimeout?: string;
  readonly retryFor?: string;
  readonly statementTimeout?: string;
  readonly waitForOthers?: string;
  readonly connectTimeout?: string;
  readonly outOfOrder?: 'run' | 'warn' | 'refuse';
  readonly edited?: 'warn' | 'refuse';
  readonly contract?: ContractPolicy;
}

/** The flags that are settings. */
export function settingsFromFlags(flags: GlobalFlags): MigrateSettings {
  const { lockTimeout, retryFor, statementTimeout, waitForOthers, outOfOrder, edited, contract } = flags;
  const given = { lockTimeout, retryFor, statementTimeout, waitForOthers, outOfOrder, edited, contract };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(flags.connectTimeout !== undefined && { connect: { timeout: flags.connectTimeout as Duration } }),
  };
}
