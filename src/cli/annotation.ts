import { inRepository } from './in-repository.js';

/** An annotation of a pull request: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function annotation(
  level: string,
  { file, ...where }: Readonly<Record<string, string | number | undefined>> & { readonly file?: string | undefined },
  message: string,
): string {
  const properties = { ...(file !== undefined && { file: inRepository(file) }), ...where };
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return `::${level} ${given.map(([name, value]) => `${name}=${property(String(value))}`).join(',')}::${text(message)}`;
}

function text(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return text(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
