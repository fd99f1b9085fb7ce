import { join, relative } from 'node:path';
import { moduleKindOf } from '../files/import-file.js';
import { inLanguage } from '../files/language.js';
import type { MigrationList } from '../files/migration.js';
import { listSeeds, seedFolder } from '../files/seed-files.js';
import { renderSeed } from '../files/seed-template.js';
import { writeNew } from '../files/write.js';
import { titleOf } from './create.js';
import type { CommandContext } from './context.js';
import type { CreateOptions, CreateResult } from './types.js';

/** Writes a seed that runs after all existing ones: `04-demo-users.ts`. */
export async function createSeed(
  options: CreateOptions,
  existing: MigrationList,
  context: CommandContext,
): Promise<CreateResult> {
  const title = titleOf(options.name);
  const cwd = process.cwd();
  const folder = options.dir ?? seedFolder(existing, context);
  const { language, moduleKind } = inLanguage(options, existing, cwd);
  const words = title.replace(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})/gu, '-').toLowerCase();
  for (let number = nextNumber(folder); ; number++) {
    const name = `${String(number).padStart(2, '0')}-${words}`;
    const file = `${name}.${language}`;
    const template = language === 'js' ? (moduleKind ?? moduleKindOf(join(folder, file))) : language;
    if (await writeNew(folder, file, renderSeed(title, template)))
      return { file: relative(cwd, join(folder, file)), name, foundBy: 'pattern' };
  }
}

function nextNumber(folder: string): number {
  return 1 + Math.max(0, ...listSeeds(folder).map(({ name }) => Number(/^\d{1,6}(?!\d)/.exec(name)?.[0] ?? 0)));
}
