import { inRepository } from './in-repository.js';

interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly col?: number | undefined;
  readonly title?: string | undefined;
}

/** An annotation of a pull request: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function annotation(level: string, place: Place, message: string): string {
  const properties = { ...place, file: place.file === undefined ? undefined : inRepository(place.file) };
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  return `::${level} ${given.map(([name, value]) => `${name}=${property(String(value))}`).join(',')}::${text(message)}`;
}

function text(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return text(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
