import { ExitCode, MigrateError } from '../errors.js';

type Manifest = Readonly<Record<string, unknown>>;

/** Advice for projects with several data sources. */
export const otherDataSources =
  'Commands read another one with --data-source <file>; its settings are listed under "dataSources" in package.json: nest-migrate help check';

/** The data sources that package.json lists, each with its settings; undefined if there is no list. */
export function listedDataSources(manifest: Manifest): Readonly<Record<string, Manifest>> | undefined {
  const { dataSources } = (manifest['nest-migrate'] ?? {}) as Manifest;
  if (dataSources === undefined) return undefined;
  if (isObject(dataSources) && Object.values(dataSources as Manifest).every(isObject))
    return dataSources as Readonly<Record<string, Manifest>>;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `"dataSources" under "nest-migrate" in package.json must be an object with the settings of each file, but is ${JSON.stringify(dataSources)}.`,
    next: 'For example: "dataSources": { "src/data-source.ts": {}, "src/reports/data-source.ts": { "contract": "manual" } }',
    exitCode: ExitCode.usage,
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
