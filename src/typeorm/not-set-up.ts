import { messageOf } from '../errors.js';

/** What to do about an error with which TypeORM refuses the entities or the options of a data source. */
export function whatToCorrect(error: unknown): string {
  if (messageOf(error).startsWith('Data type "Object"'))
    return "Name the type in the decorator, such as @Column('text') or @Column({ type: 'enum', enum: Role }). TypeScript gives TypeORM Object for a union such as string | null, and a compiler that reads one file at a time (swc, esbuild, isolatedModules) also for an enum or an imported type.";
  return 'Correct the entities or options that it names.';
}
