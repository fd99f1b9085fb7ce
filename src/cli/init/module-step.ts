import type { ProjectFile } from '../../data-source/project-files.js';
import { lineThatConnects } from '../../data-source/search.js';
import type { InCharge } from './in-charge.js';

/** Two connections of the same name would be refused. */
export function moduleStep(own: InCharge | undefined, files: readonly ProjectFile[]): string {
  const joined = 'MigrationsModule.forRoot()';
  const whole = 'MigrationsModule.forRoot({ dataSource })';
  if (own?.kind === 'app') return `Import ${joined} in your AppModule, so that the app migrates when it starts.`;
  const found = files.find((file) => lineThatConnects(file) !== undefined);
  if (found === undefined) return `Import ${whole} in your AppModule, so that the app migrates when it starts.`;
  return `So that the app migrates when it starts: replace TypeOrmModule.forRoot in ${found.file}:${lineThatConnects(found)} by ${whole}. Or keep it, and import ${joined} in your AppModule: nest-migrate help nest`;
}
