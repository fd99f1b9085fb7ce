import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { importFile } from '../files/import-file.js';
import { expectRejections } from '../rejections.js';

/** The methods of `NestFactory` with which a main file starts its app. */
const creating = ['create', 'createApplicationContext', 'createMicroservice'] as const;

export type NestFactory = Readonly<
  Record<(typeof creating)[number], (module: unknown, ...options: object[]) => unknown>
>;

/** Whether a file starts an app when it is loaded. The file of a module may only mention it. */
export function isMainFile(file: string): boolean {
  if (/\.module\.[cm]?[jt]s$/.test(file)) return false;
  return /\bNestFactory\s*\.\s*create|\bCommandFactory\s*\.\s*(?:run|create)/.test(readFileSync(file, 'utf8'));
}

/** Whether Nest itself is part of the file, as in a bundle. Its copy of `NestFactory` cannot be stopped. */
export function containsNest(file: string): boolean {
  return /\bclass NestFactoryStatic\b/.test(readFileSync(file, 'utf8'));
}

/** The main file in the folder of an app's module, if there is one. */
export function mainFileBeside(module: string): string | undefined {
  const folders = [dirname(module), dirname(dirname(module))];
  const files = folders.flatMap((dir) => ['main.ts', 'main.js', 'index.ts'].map((name) => join(dir, name)));
  return files.find((file) => existsSync(file) && isMainFile(file));
}

/**
 * The root module that a main file gives to Nest. Everything that the file does before that is done, such as preparing libraries and the
 * environment. The app does not start, and neither does another one that the file creates later: `NestFactory` stays without effect.
 */
export async function moduleOfMain(file: string, nestFactory: NestFactory): Promise<unknown> {
  let ignore = (): void => undefined;
  const given = new Promise<unknown>((resolve, reject) => {
    const take = (module: unknown): Promise<never> => {
      resolve(module);
      // What follows in the file waits for the app.
      return new Promise(() => undefined);
    };
    Object.assign(nestFactory, Object.fromEntries(creating.map((name) => [name, take])));
    ignore = expectRejections((reason) => {
      reject(reason);
      return true;
    });
    // With a top-level await, the file is never loaded completely.
    importFile(file).catch(reject);
  });
  return given.finally(ignore);
}
