import type { ProjectFile } from '../../data-source/project-files.js';
import type { InCharge } from './in-charge.js';

/** Two connections of the same name would be refused. */
export function moduleStep(own: InCharge | undefined, files: readonly ProjectFile[]): string {
  const joined = 'MigrationsModule.forRoot()';
  const whole = 'MigrationsModule.forRoot({ dataSource })';
  if (own?.kind === 'app') return `Import ${joined} in your AppModule, so that the app migrates when it starts.`;
  const connects = /\bTypeOrmModule\s*\.\s*forRoot(?:Async)?\s*\(/;
  const found = files.find(({ text }) => connects.test(text));
  if (found === undefined) return `Import ${whole} in your AppModule, so that the app migrates when it starts.`;
  const line = found.text.slice(0, found.text.search(connects)).split('\n').length;
  return `So that the app migrates when it starts: replace TypeOrmModule.forRoot in ${found.file}:${line} by ${whole}. Or keep it, and import ${joined} in your AppModule: nest-migrate help nest`;
}
