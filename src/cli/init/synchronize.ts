import type { ProjectFile } from '../../data-source/project-files.js';

/** An option with which TypeORM changes a database by itself. */
export interface Found {
  readonly file: string;
  readonly line: number;
  readonly option: string;
  /** Whether it is on, or has a value that only the running app knows, such as `process.env.NODE_ENV !== 'production'`. */
  readonly is: 'true' | 'not known';
}

export function findSynchronize(files: readonly ProjectFile[]): readonly Found[] {
  return (['synchronize', 'dropSchema', 'migrationsRun'] as const).flatMap((option) =>
    files.flatMap((file) => find(file, option)),
  );
}

/** The first place of a file. Types and schemas of the configuration name the option too, as a boolean. */
function find({ file, text }: ProjectFile, option: string): readonly Found[] {
  const lines = withoutEntities(text)
    .split('\n')
    .map((line) => (/^\s*(?:\/\/|\*)/.test(line) ? '' : line));
  const first = (pattern: string): number =>
    lines.findIndex((line) => new RegExp(`\\b${option}\\s*:${pattern}`).test(line));
  const sure = first(String.raw`\s*true\b`);
  const index = sure === -1 ? first(String.raw`(?!\s*(?:false|undefined)\b)(?!.*\bboolean\b)`) : sure;
  return index === -1 ? [] : [{ file, line: index + 1, option, is: sure === -1 ? 'not known' : 'true' }];
}

/** An entity or a view has an option `synchronize` of its own, before its class. The line numbers stay the same. */
function withoutEntities(text: string): string {
  return text.replaceAll(/@(?:View)?Entity\s*\([^]*?\bclass\s+\w/g, (entity) => entity.replaceAll(/[^\n]/g, ' '));
}
