import { existsSync } from 'node:fs';
import { messageOf } from '../errors.js';

/** What to do about an error with which TypeORM refuses the entities or the options of a data source. */
export function whatToCorrect(error: unknown): string {
  const message = messageOf(error);
  if (message.startsWith('Data type "Object"'))
    return "Name the type in the decorator, such as @Column('text') or @Column({ type: 'enum', enum: Role }). TypeScript gives TypeORM Object for a union such as string | null, and a compiler that reads one file at a time (swc, esbuild, isolatedModules) also for an enum or an imported type.";
  return notBuilt(message) ?? 'Correct the entities or options that it names.';
}

/** A package of the workspace is installed as a link to its sources, and its compiled files are missing until it is built. */
function notBuilt(message: string): string | undefined {
  const [, folder, name] =
    /^Cannot find module '(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/.exec(message) ?? [];
  return folder !== undefined && existsSync(folder)
    ? `The package ${name} is there, but not that file of it: if it belongs to your workspace, build it first.`
    : undefined;
}
