import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { importFile } from '../files/import-file.js';
import { invalidApp } from './invalid-app.js';
import { containsNest, isMainFile } from './main-file.js';

/** The root module of an app: `AppModule`, the default export, or the only module class in the file. */
export async function findModule(file: string): Promise<unknown> {
  const exports = ((await importFile(file)) ?? {}) as Readonly<Record<string, unknown>>;
  // Node also exposes the exports of a CommonJS file as the default of its namespace.
  const inner = isObject(exports['default']) ? exports['default'] : {};
  const all: Readonly<Record<string, unknown>> = { ...inner, ...exports };
  const modules = [...new Set(Object.values(all).filter(isModule))];
  const only = modules.length === 1 ? modules[0] : undefined;
  const chosen = [all['AppModule'], all['default'], only].find(isModule);
  if (chosen !== undefined) return chosen;
  const names = Object.keys(all).join(', ') || 'nothing';
  throw invalidApp(
    `${relative(process.cwd(), file)} exports no Nest module that could be chosen (it exports ${names}).`,
    'Export one class with @Module(), called AppModule or as default.',
  );
}

/** Refuses a file that is missing or would start the app in any case, before anything is loaded. */
export function refuseUnlikely(file: string): void {
  const name = relative(process.cwd(), file);
  if (!existsSync(file)) {
    throw invalidApp(
      `There is no file ${name}.`,
      'Correct --app (or "app" under "nest-migrate" in package.json), for example: --app src/app.module.ts',
    );
  }
  // Loading this file would start the app, with its connections and its port.
  if (!isMainFile(file) || !containsNest(file)) return;
  throw invalidApp(
    `${name} contains Nest and starts the app, which a command must not do.`,
    'Name the file of the root module instead, for example: --app src/app.module.ts; or that of a data source: --data-source src/data-source.ts',
  );
}

function isModule(value: unknown): boolean {
  if (isObject(value)) return isModule(value['module']);
  if (typeof value !== 'function') return false;
  return ['imports', 'providers', 'controllers', 'exports'].some((key) => Reflect.hasMetadata?.(key, value));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
