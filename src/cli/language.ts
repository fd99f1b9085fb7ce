import { projectLanguage } from '../files/language.js';

/** A remark if migrations are written in JavaScript although the project uses TypeScript. */
export function languageLines(files: readonly string[], { js }: { readonly js?: boolean }): readonly string[] {
  const isUnusual = !js && files.some((file) => file.endsWith('.js')) && projectLanguage(process.cwd()) === 'ts';
  return isUnusual ? ['Written in JavaScript, like the existing migrations.'] : [];
}
